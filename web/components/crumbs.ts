/** The way to a page, in names, from its path. Pure. */
import { paths } from '../paths.ts';

export interface Crumb {
  readonly text: string;
  readonly to: string;
}

const PAGES: Readonly<Record<string, string>> = { connect: 'Connect a cluster', rules: 'Alert rules', incidents: 'Incidents', channels: 'Channels', tokens: 'API tokens', members: 'Members', audit: 'Audit log', sessions: 'Your sessions' };

/** Crumbs of a path under /o/{slug}, the page itself last. */
export function crumbsOf(pathname: string, slug: string, clusterName: (clusterId: string) => string): Crumb[] {
  const [area, ...rest] = pathname.split('/').filter((part) => part !== '').slice(2).map(decodeURIComponent);
  const fleet = { text: 'Fleet', to: paths.fleet(slug) };
  switch (area) {
    case undefined:
      return [fleet];
    case 'c':
      return [fleet, ...clusterCrumbs(slug, rest, clusterName)];
    case 'rules':
      return rest[0] === undefined ? [page(area, paths.rules(slug))] : [page(area, paths.rules(slug)), { text: rest[0] === 'new' ? 'New rule' : 'Rule', to: pathname }];
    case 'incidents':
      return rest[0] === undefined ? [page(area, paths.incidents(slug))] : [page(area, paths.incidents(slug)), { text: 'Why', to: pathname }];
    default:
      return [page(rest[0] ?? area, pathname)];
  }
}

function page(key: string, to: string): Crumb {
  return { text: PAGES[key] ?? key, to };
}

function clusterCrumbs(slug: string, [clusterId = '', area, namespace = '', kind = '', name = '']: readonly string[], clusterName: (clusterId: string) => string): Crumb[] {
  const cluster = { text: clusterName(clusterId), to: paths.topology(slug, clusterId) };
  const workloads = { text: 'Workloads', to: paths.workloads(slug, clusterId) };
  switch (area) {
    case 'workloads':
      return [cluster, workloads];
    case 'w':
      return [cluster, workloads, { text: name, to: paths.workload(slug, clusterId, `${namespace}/${kind}/${name}`) }];
    case 'e':
      return [cluster, { text: 'Edge', to: paths.edge(slug, clusterId) }];
    case 'tap':
      return [cluster, { text: 'Tap', to: paths.tap(slug, clusterId) }];
    case 'connect':
      return [cluster, { text: 'Connection', to: paths.connection(slug, clusterId) }];
    default:
      return [cluster];
  }
}

/** True for pages that show a range; on the others the time control would say nothing. */
export function showsRange(pathname: string): boolean {
  const area = pathname.split('/').filter((part) => part !== '').slice(2);
  if (area[0] === undefined) return true;
  return (area[0] === 'c' && area[2] !== 'connect' && area[2] !== 'tap') || (area[0] === 'rules' && area[1] !== undefined);
}

/** True for pages whose charts are drawn over those of an earlier range. */
export function showsComparison(pathname: string): boolean {
  const [area, , page] = pathname.split('/').filter((part) => part !== '').slice(2);
  return area === 'c' && (page === 'w' || page === 'e');
}
