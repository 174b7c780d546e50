/** Rollouts, versions and comings and goings of workloads, read off the validity of versions. Pure. */
import type { Mark } from '../wire/history.ts';
import { counted } from './words.ts';
import type { Version } from './versions.ts';

/** Proxies of one workload that start within this time of the first belong to one rollout. */
const ROLLOUT_MS = 600_000;
/** More workloads than this with the same change at the same time are told together. */
const TOLD_APART_MAX = 3;

type ProxyVersion = Extract<Version, { kind: 'proxy' }>;

interface Change {
  readonly atMs: number;
  readonly kind: Mark['kind'];
  /** What is told after the names; the same text at the same time is told together. */
  readonly what: string;
  readonly workload: string;
}

/** Marks of changes that began in the range. `link` makes the path of a workload's page. Versions are in order of their begin. */
export function rolloutMarks(versions: readonly Version[], fromMs: number, toMs: number, link: (workload: string) => string): Mark[] {
  const proxies = versions.filter((version): version is ProxyVersion => version.kind === 'proxy');
  const begin = versions[0]?.fromMs ?? 0;
  const changes = [
    ...[...Map.groupBy(proxies, (version) => version.attributes.workload)].flatMap(([workload, list]) => proxyChanges(workload, list)),
    ...workloadChanges(versions),
    // Everything of the first snapshot is new to us, which is nothing that happened.
  ].filter((change) => change.atMs > begin && change.atMs >= fromMs && change.atMs < toMs);
  return told(changes, link).sort((a, b) => a.atMs - b.atMs);
}

function proxyChanges(workload: string, versions: readonly ProxyVersion[]): Change[] {
  const changes: Change[] = [];
  const seen = new Set<string>();
  let open: { atMs: number; started: ProxyVersion[]; before: ProxyVersion[] } | null = null;
  const close = (): void => {
    if (open) changes.push(...rolloutOf(workload, open.atMs, open.started, open.before));
    open = null;
  };
  for (const version of versions) {
    if (seen.has(version.key)) continue;
    seen.add(version.key);
    if (open && version.fromMs - open.atMs > ROLLOUT_MS) close();
    open ??= { atMs: version.fromMs, started: [], before: versions.filter((other) => other.fromMs < version.fromMs && (other.toMs === null || other.toMs >= version.fromMs - ROLLOUT_MS)) };
    open.started.push(version);
  }
  close();
  return changes;
}

function rolloutOf(workload: string, atMs: number, started: readonly ProxyVersion[], before: readonly ProxyVersion[]): Change[] {
  if (before.length === 0) return [];
  const [old, fresh] = [versionsOf(before), versionsOf(started)];
  if (old !== fresh) return [{ atMs, kind: 'version', what: `proxies ${old} → ${fresh}`, workload }];
  const instances = new Set(before.map((version) => version.key)).size;
  return [{ atMs, kind: 'rollout', what: started.length >= instances ? 'rolled out' : `${started.length} of ${counted(instances, 'proxy', 'proxies')} started anew`, workload }];
}

function versionsOf(proxies: readonly ProxyVersion[]): string {
  return [...new Set(proxies.map((proxy) => proxy.attributes.version))].sort().join(', ');
}

function workloadChanges(versions: readonly Version[]): Change[] {
  const byKey = Map.groupBy(versions.filter((version) => version.kind === 'workload'), (version) => version.key);
  return [...byKey].flatMap(([workload, list]) => {
    const changes: Change[] = [{ atMs: list[0]?.fromMs ?? 0, kind: 'workload', what: 'joined', workload }];
    for (const [index, version] of list.entries()) {
      const next = list[index + 1];
      if (version.toMs === null || next?.fromMs === version.toMs) continue;
      changes.push({ atMs: version.toMs, kind: 'workload', what: 'left', workload });
      if (next) changes.push({ atMs: next.fromMs, kind: 'workload', what: 'joined', workload });
    }
    return changes;
  });
}

/** The same change of many workloads within a rollout's time is one mark. */
function told(changes: readonly Change[], link: (workload: string) => string): Mark[] {
  const alike = Map.groupBy(changes, (change) => `${change.kind} ${change.what} ${Math.floor(change.atMs / ROLLOUT_MS)}`);
  return [...alike.values()].flatMap((group): Mark[] => {
    const [first] = group;
    if (!first || group.length <= TOLD_APART_MAX) return group.map(({ atMs, kind, what, workload }) => ({ atMs, endMs: null, kind, text: `${shortName(workload)} ${what}`, link: link(workload) }));
    return [{ atMs: group.reduce((at, change) => Math.min(at, change.atMs), first.atMs), endMs: null, kind: first.kind, text: `${counted(group.length, 'workload')}: ${first.what}`, link: null }];
  });
}

/** `namespace/name` of a workload key. */
function shortName(workload: string): string {
  const [namespace, , ...name] = workload.split('/');
  return `${namespace ?? ''}/${name.join('/')}`;
}
