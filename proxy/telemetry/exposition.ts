/** How a sample is written in Prometheus' text format 0.0.4, and which labels it has. Pure. */
import type { LabelledSeries } from './cumulative.ts';
import { parseWorkloadKey, serviceParts } from './names.ts';

/** Label names with their values, in the order in which they are written. */
export type Labels = readonly (readonly [name: string, value: string | number])[];

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** One sample. */
export function line(name: string, labels: Labels, value: number): string {
  const text = labels.map(([label, of]) => `${label}="${escape(String(of))}"`).join(',');
  return `${name}${text === '' ? '' : `{${text}}`} ${value}\n`;
}

/** A family with its declaration; nothing at all when it has no samples. */
export function family(name: string, type: 'counter' | 'gauge' | 'histogram', help: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function targetLabels({ facts }: LabelledSeries): Labels {
  if (facts.target === undefined) return [];
  const { host, port } = facts.target;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return [['target_addr', address], ['target_ip', host], ['target_port', port]];
}

function tlsLabels({ key, facts }: LabelledSeries): Labels {
  if (key.tls === 'plain') {
    const reason = key.direction === 'inbound' ? 'no_tls_from_remote' : 'not_provided_by_service_discovery';
    return [['tls', 'no_identity'], ['no_tls_reason', reason]];
  }
  if (facts.peer === undefined) return [['tls', 'true']];
  return [['tls', 'true'], [key.direction === 'inbound' ? 'client_id' : 'server_id', facts.peer]];
}

/** Labels of a destination: `dst_deployment` and its like carry the workload's name; jobs have linkerd2-proxy's `dst_k8s_job`. */
function destinationLabels({ key }: LabelledSeries): Labels {
  const service = serviceParts(key.service);
  const workload = parseWorkloadKey(key.destination);
  const kind = workload?.kind === 'job' ? 'k8s_job' : workload?.kind.replaceAll(/[^a-z0-9_]/g, '_');
  return [
    ['dst_namespace', service.namespace],
    ['dst_service', service.name],
    ...(workload === null ? [] : ([[`dst_${kind}`, workload.name]] as const)),
  ];
}

/** The labels that linkerd2-proxy gives a series of requests. */
export function seriesLabels(series: LabelledSeries, inboundPolicy: string): Labels {
  const { key } = series;
  if (key.direction === 'outbound') {
    const { namespace, name } = serviceParts(key.service);
    const authority = namespace === '' ? name : `${name}.${namespace}.svc.cluster.local`;
    return [['direction', 'outbound'], ['authority', authority], ...targetLabels(series), ...tlsLabels(series), ...destinationLabels(series)];
  }
  return [
    ['direction', 'inbound'],
    ...targetLabels(series),
    ...tlsLabels(series),
    ['srv_group', ''],
    ['srv_kind', 'default'],
    ['srv_name', inboundPolicy],
    ['srv_port', series.facts.target?.port ?? ''],
  ];
}
