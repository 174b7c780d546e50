/** The cloud as a child process: its environment, its readiness. */
import { join } from 'node:path';
import { type Child, type Family, answersOk, untilReady } from './children.ts';
import { ROOT } from './root.ts';

export interface CloudOptions {
  readonly host: string;
  readonly port: number;
  /** Login `sidelight_server`; never the owner's. */
  readonly serverUrl: string;
  readonly secret: string;
  readonly publicUrl: string;
  /** host:port list. */
  readonly outboundAllow: string;
  readonly mail?: { readonly smtpUrl: string; readonly from: string } | undefined;
  readonly metricsToken?: string | undefined;
  readonly logFile: string;
  /** For tests: what its clock is ahead of the machine's. */
  readonly clockOffsetMs?: number;
}

/** Its start reads the database's state; a noisy machine needs a few seconds. */
const READY_MS_MAX = 60_000;

/** Starts `cloud/main.node.ts`; it is ready when `cloudReady` says so. */
export function spawnCloud(family: Family, options: CloudOptions): Child {
  return family.start({
    name: 'cloud',
    command: process.execPath,
    args: [join(ROOT, 'cloud/main.node.ts')],
    cwd: ROOT,
    logFile: options.logFile,
    env: {
      PORT: String(options.port),
      HOST: options.host,
      DATABASE_URL: options.serverUrl,
      SIDELIGHT_SECRET: options.secret,
      PUBLIC_URL: options.publicUrl,
      OUTBOUND_ALLOW: options.outboundAllow,
      ...(options.mail === undefined ? {} : { SMTP_URL: options.mail.smtpUrl, MAIL_FROM: options.mail.from }),
      ...(options.metricsToken === undefined ? {} : { METRICS_TOKEN: options.metricsToken }),
      ...(options.clockOffsetMs === undefined ? {} : { CLOCK_OFFSET_MS: String(options.clockOffsetMs) }),
    },
  });
}

/** Resolves when `/healthz` answers 200. Faults: `child_ended`, `child_not_ready`. */
export function cloudReady(child: Child, { host, port }: Pick<CloudOptions, 'host' | 'port'>): Promise<void> {
  return untilReady(child, () => answersOk(`http://${dialHost(host)}:${port}/healthz`), READY_MS_MAX);
}

export async function startCloud(family: Family, options: CloudOptions): Promise<Child> {
  const child = spawnCloud(family, options);
  await cloudReady(child, options);
  return child;
}

/** An address to dial for one to listen on. */
export function dialHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
