/** Every link of the console. A page never writes a path itself; paths.test.ts holds these against the router. */

const part = encodeURIComponent;
const org = (slug: string): string => `/o/${part(slug)}`;
const cluster = (slug: string, clusterId: string): string => `${org(slug)}/c/${part(clusterId)}`;

export const paths = {
  home: (): string => '/',
  signIn: (): string => '/sign-in',
  signUp: (): string => '/sign-up',
  forgot: (): string => '/forgot-password',
  resetPassword: (): string => '/reset-password',
  invitation: (id: string): string => `/invitations/${part(id)}`,
  newOrg: (): string => '/new-organization',
  fleet: (slug: string): string => org(slug),
  connect: (slug: string): string => `${org(slug)}/connect`,
  topology: (slug: string, clusterId: string): string => cluster(slug, clusterId),
  connection: (slug: string, clusterId: string): string => `${cluster(slug, clusterId)}/connect`,
  workloads: (slug: string, clusterId: string): string => `${cluster(slug, clusterId)}/workloads`,
  /** `key` is a workload key `namespace/kind/name`; what follows the second slash belongs to the name. */
  workload: (slug: string, clusterId: string, key: string): string => {
    const { namespace, kind, name } = workloadParts(key);
    return `${cluster(slug, clusterId)}/w/${part(namespace)}/${part(kind)}/${part(name)}`;
  },
  /** The edge itself, an id of the topology, is `id` in the query string. */
  edge: (slug: string, clusterId: string): string => `${cluster(slug, clusterId)}/e`,
  /** The filter is in the query string. */
  tap: (slug: string, clusterId: string): string => `${cluster(slug, clusterId)}/tap`,
  rules: (slug: string): string => `${org(slug)}/rules`,
  newRule: (slug: string): string => `${org(slug)}/rules/new`,
  rule: (slug: string, id: string): string => `${org(slug)}/rules/${part(id)}`,
  incidents: (slug: string): string => `${org(slug)}/incidents`,
  incident: (slug: string, id: string): string => `${org(slug)}/incidents/${part(id)}`,
  channels: (slug: string): string => `${org(slug)}/settings/channels`,
  tokens: (slug: string): string => `${org(slug)}/settings/tokens`,
  members: (slug: string): string => `${org(slug)}/settings/members`,
  audit: (slug: string): string => `${org(slug)}/settings/audit`,
  sessions: (slug: string): string => `${org(slug)}/settings/sessions`,
} as const satisfies Record<string, (...parts: string[]) => string>;

export interface WorkloadParts {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** The parts of a workload key; a text that is none is all name. */
export function workloadParts(key: string): WorkloadParts {
  const [namespace = '', kind = '', ...rest] = key.split('/');
  if (rest.length === 0) return { namespace: '-', kind: '-', name: key };
  return { namespace, kind, name: rest.join('/') };
}

/** The last part of a workload or service key: what people call it. */
export function shortName(key: string): string {
  return key.split('/').at(-1) ?? key;
}

/** A path of our own to go back to after signing in; anything else (another host, a script) is home. */
export function safeReturn(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : paths.home();
}
