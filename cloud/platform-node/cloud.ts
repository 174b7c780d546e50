/** The whole cloud in one Node process: API, console, uplink, alerts and jobs, started and stopped as one. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { limited } from '../alerts/lane.ts';
import { createAlertWorker } from '../alerts/worker.ts';
import { parseOutboundAllow } from '../alerts/outbound.ts';
import { createRateLimiter } from '../api/rate-limit.ts';
import { createApp } from '../app.ts';
import { createAccounts } from '../auth/accounts.ts';
import { credentialKey } from '../auth/credential.ts';
import type { CloudConfig } from '../config.ts';
import { connectDatabase } from '../db/client.ts';
import { createHub } from '../ingest/hub.ts';
import { createUplinkCounters } from '../ingest/session.ts';
import { keepPartitions, PARTITION_JOB_MS } from '../jobs/partitions.ts';
import { createRollupCounters, ROLLUP_JOB_MS, rollUpDue } from '../jobs/rollup.ts';
import type { Log } from '../log.ts';
import { createLocalMail } from '../mail/local.ts';
import { createMailer } from '../mail/mail.ts';
import { exposition } from '../metrics/exposition.ts';
import { familiesOf } from '../metrics/families.ts';
import { isLocalOrigin } from '../metrics/guard.ts';
import { readQueues } from '../metrics/queues.ts';
import { createEntityNames } from '../series/names.ts';
import type { Services } from '../services.ts';
import { consoleFiles } from './console.ts';
import { createTimers } from './timers.ts';
import { pinnedFetch } from './pinned-fetch.ts';
import { smtpTransport } from './smtp.ts';
import { serveUplink } from './uplink.ts';

/** Connections to Postgres beside those of the accounts. */
const DATABASE_CONNECTIONS_MAX = 10;
const INSPECT_MS = 2_000;
const TAPS_MS = 1_000;
const BEAT_MS = 10_000;
/** A database that takes longer than this for a scrape counts as away. */
const METRICS_MS_MAX = 5_000;
/** Requests under way when the process is told to stop get this long. */
const DRAIN_MS_MAX = 10_000;

export interface RunningCloud {
  /** Where it listens, as people reach it. */
  readonly url: string;
  readonly port: number;
  /** Finishes what is under way and closes everything; a second call waits for the first. */
  stop(): Promise<void>;
}

export interface CloudOptions {
  readonly config: CloudConfig;
  readonly consoleDir: string;
  readonly log: Log;
  readonly now: () => number;
}

/** Rejects when the port is taken; a database that is away is no reason not to start. */
export async function startCloud({ config, consoleDir, log, now }: CloudOptions): Promise<RunningCloud> {
  const sql = connectDatabase(config.databaseUrl, DATABASE_CONNECTIONS_MAX);
  // The first frame finds its partition; when the database is away, the job makes it later.
  await keepPartitions(sql, now()).catch((error: unknown) => log.warn({ error }, 'the database is not ready yet'));
  const server = createServer(getRequestListener((request, bindings) => app.fetch(request, bindings)));
  const port = await listen(server, config.port, config.host);
  const publicUrl = config.publicUrl ?? `http://${urlHost(config.host)}:${port}`;
  const localMail = config.mail === null ? createLocalMail(now) : null;
  if (localMail !== null && !isLocalOrigin(publicUrl)) log.warn({ setting: 'SMTP_URL' }, 'no mail server is set: invitations and new passwords reach nobody by mail');
  const mail = createMailer({ transport: localMail?.transport ?? smtpTransport(config.mail?.smtpUrl ?? '', config.mail?.from ?? ''), log });
  const accounts = createAccounts({ databaseUrl: config.databaseUrl, secret: config.secret, publicUrl, log, mail, confirmedOnly: config.mail !== null });
  const names = createEntityNames();
  const services: Services = {
    sql, accounts, mail, names, now, randomBytes, log, secret: config.secret, publicUrl, outboundAllow: config.outboundAllow,
  };
  const alerts = createAlertWorker({
    sql, now, random: Math.random, log, names, secret: config.secret, publicUrl, outboundAllow: config.outboundAllow,
    fetch: pinnedFetch(parseOutboundAllow(config.outboundAllow.join(' ')).allow),
  });
  const counters = createUplinkCounters();
  const key = credentialKey(config.secret);
  const hub = createHub(sql, { names, now, randomBytes, log, counters, credentialKey: key, committed: (orgId, clusterId) => alerts.poke(orgId, clusterId) });
  let stopping: Promise<void> | null = null;
  const answers: Record<string, number> = {};
  const rates = createRateLimiter();
  const metrics = { token: config.metricsToken, text: () => metricsText() };
  const app = createApp({ services, ready: () => stopping === null, clientAddress, metrics, answers, rates, monotonicMs: () => performance.now(), localMail, fallback: consoleFiles(consoleDir) });
  const uplink = serveUplink(server, hub, sql, now, key, log);
  const timers = createTimers(log);
  timers.every('partitions', PARTITION_JOB_MS, async () => { await keepPartitions(sql, now()); });
  const rollup = createRollupCounters();
  timers.every('roll-up', ROLLUP_JOB_MS, () => rollUpDue({ sql, names, now, log, counters: rollup, stopped: () => stopping !== null }));
  timers.every('uplink inspection', INSPECT_MS, () => hub.inspect());
  timers.every('uplink taps', TAPS_MS, () => hub.taps());
  timers.every('uplink heartbeat', BEAT_MS, () => hub.beat());
  alerts.start();
  log.info({ publicUrl, port }, 'the cloud listens');

  const startedMs = now();
  async function metricsText(): Promise<string> {
    const { user, system } = process.cpuUsage();
    const facts = {
      startedMs, residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6, connections: hub.size,
      uplink: counters, alerts: alerts.counters, rollup, names: names.counters, jobs: timers.counters, answers, rates: rates.counters, mail: mail.counters,
    };
    return exposition(familiesOf(facts, await limited(METRICS_MS_MAX, readQueues(sql, now())).catch(() => null)));
  }

  async function stop(): Promise<void> {
    uplink.close();
    await timers.stop();
    await hub.stop();
    await alerts.stop();
    await closeServer(server);
    await mail.stop();
    await Promise.all([accounts.close(), sql.end({ timeout: 5 })]);
    log.info({ uplink: counters, names: names.counters, rollup, alerts: alerts.counters }, 'the cloud has stopped');
  }

  return { url: publicUrl, port, stop: () => (stopping ??= stop()) };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS_MAX);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** A host for a URL: an address that means "all" is reached over loopback. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** The peer's address of a request, from what node-server hands over beside it. */
function clientAddress(bindings: unknown): string | null {
  const incoming = (bindings as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? null;
}
