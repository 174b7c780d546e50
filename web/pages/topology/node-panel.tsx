/** What is known of the selected box, and the door to its page. */
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Topology, TopologyNode } from '../../../cloud/wire/entities.ts';
import { To } from '../../components/link.tsx';
import { useClusterId, useSlug } from '../../components/location.ts';
import { count, latency, percent, percentWhole, rate } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';
import { buttonClass, IconButton } from '../../ui/button.tsx';
import { Status } from '../../ui/glyph.tsx';

interface Props {
  readonly node: TopologyNode;
  readonly topology: Topology;
  readonly onClose: () => void;
  readonly onSelect: (key: string) => void;
}

export function NodePanel({ node, topology, onClose, onSelect }: Props): React.JSX.Element {
  const slug = useSlug();
  const clusterId = useClusterId();
  const callers = [...new Set(topology.edges.filter((edge) => edge.target === node.key).map((edge) => edge.source))];
  const callees = [...new Set(topology.edges.filter((edge) => edge.source === node.key).map((edge) => edge.target))];
  return (
    <section aria-label={`Selected: ${node.name}`} className="mb-6 rounded-lg border border-line-strong p-3">
      <div className="flex items-start justify-between gap-2">
        <div className="min-w-0">
          <h2 className="truncate text-base font-medium">{node.kind === 'outside' ? 'Outside the mesh' : node.name}</h2>
          <p className="truncate text-xs text-faint">{node.kind === 'workload' ? node.key : node.kind === 'service' ? `service in ${node.namespace}` : 'callers without a sidecar'}</p>
        </div>
        <IconButton label="Close the selection" onClick={onClose} className="-mt-1 -mr-1"><X size={15} aria-hidden /></IconButton>
      </div>
      <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-1.5">
        <Fact name="Health"><Status status={node.status} /></Fact>
        <Fact name="Instances">{node.kind === 'workload' ? `${count(node.instances)}${node.meshed ? '' : ', not meshed'}` : '–'}</Fact>
        {node.golden !== null && (
          <>
            <Fact name="Success">{percent(node.golden.successRate)}</Fact>
            <Fact name="Rate">{rate(node.golden.requestsPerSecond)}</Fact>
            <Fact name="p50 / p95">{latency(node.golden.latencyMs.p50)} / {latency(node.golden.latencyMs.p95)}</Fact>
            <Fact name="p99">{latency(node.golden.latencyMs.p99)}</Fact>
            <Fact name="mTLS">{percentWhole(node.golden.mtlsShare)}</Fact>
          </>
        )}
      </dl>
      <Neighbours title="Called by" keys={callers} onSelect={onSelect} />
      <Neighbours title="Calls" keys={callees} onSelect={onSelect} />
      {node.kind === 'workload' && <To to={paths.workload(slug, clusterId, node.key)} className={`${buttonClass('primary', true)} mt-3 w-full`}>Open {node.name}</To>}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): React.JSX.Element {
  return (
    <div>
      <dt className="text-2xs text-faint">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Neighbours({ title, keys, onSelect }: { title: string; keys: readonly string[]; onSelect: (key: string) => void }): React.JSX.Element | null {
  if (keys.length === 0) return null;
  return (
    <p className="mt-2 text-xs text-faint">
      {title}{' '}
      {keys.map((key, at) => (
        <span key={key}>
          {at > 0 && ', '}
          <button type="button" className="text-ink underline decoration-line-strong underline-offset-3 hover:decoration-ink" onClick={() => onSelect(key)}>{key === 'outside' ? 'outside' : shortName(key)}</button>
        </span>
      ))}
    </p>
  );
}
