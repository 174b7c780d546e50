/** Puts one proxy together that takes its orders and its certificate from files; there is no control plane. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AdminSubject } from '../admin/answers.ts';
import { serveAdmin, type AdminServer } from '../admin/server.ts';
import { createBalancer } from '../balance/p2c.ts';
import type { Dataplane } from '../dataplane.ts';
import { DRAIN_MS_MAX } from '../drain.ts';
import { LeafHolder } from '../identity/leaf-holder.ts';
import type { Surroundings } from '../proxy.ts';
import { reliabilityMetrics, transparentMetrics } from '../own-metrics.ts';
import { renderMetrics } from '../telemetry/prometheus.ts';
import { inSlices, turn } from '../telemetry/slices.ts';
import { readSystemFacts } from '../telemetry/system-facts.ts';
import { Watching } from '../telemetry/watching.ts';
import { Series } from '../telemetry/series.ts';
import { ListenerShelf } from '../sockets/shelf.ts';
import { Succession } from '../succession.ts';
import { PROXY_VERSION } from '../version.ts';
import { WINDOW_MS } from '../wire/report.ts';
import type { ProxyOrders } from '../wire/orders.ts';
import { WatchedCertificate } from './certificate-files.ts';
import { parseStatic, type ParsedStatic, type StaticConfig } from './config.ts';
import { faultLine, type StaticFault } from './fault.ts';

/** A listener that couldn't be opened after a reload is tried again so often. */
const RELISTEN_MS = 1_000;

export type StaticSurroundings = Omit<Surroundings, 'dial' | 'instance'>;

/** Reads and checks a static configuration file. */
export function readStatic(path: string): ParsedStatic {
  try {
    return parseStatic(readFileSync(path, 'utf8'));
  } catch (error) {
    const message = `${path} can't be read: ${error instanceof Error ? error.message : String(error)}.`;
    return { kind: 'faults', faults: [{ code: 'static_file_unreadable', pointer: '', message, remedy: 'Name a file that this user may read after --config.' }] };
  }
}

export class StaticProxy {
  readonly #path: string;
  readonly #around: StaticSurroundings;
  readonly #series = new Series();
  readonly #watching: Watching;
  readonly #holder: LeafHolder;
  readonly #certificate: WatchedCertificate;
  readonly #dataplane: Dataplane;
  #config: StaticConfig;
  #orders: ProxyOrders | null = null;
  #problems: readonly string[] = [];
  readonly #shelf = new ListenerShelf();
  readonly #succession: Succession;
  #admin: AdminServer | null = null;
  #windows: ReturnType<typeof setInterval> | undefined;
  #relisten: ReturnType<typeof setTimeout> | undefined;
  #draining = false;
  #refreshedMs = 0;
  #windowsDropped = 0;
  #reloadsRefused = 0;

  /** `path` is where `config` came from; it is read again on `reload`. */
  constructor(path: string, config: StaticConfig, around: StaticSurroundings) {
    const { logger, wallMs, nowUs, random } = around;
    this.#path = path;
    this.#config = config;
    this.#around = around;
    this.#holder = new LeafHolder(wallMs);
    this.#holder.subscribe(() => {
      this.#refreshedMs = wallMs();
    });
    const { workload, trustDomain, certificate: files } = config;
    this.#watching = new Watching(
      { series: this.#series, resource: { workload, instance: config.instance, version: PROXY_VERSION }, output: around.accessOutput, post: around.postSpans, nowMs: () => nowUs() / 1_000, wallMs, random, log: logger.log },
      { accessLog: 'off', tracing: null },
    );
    this.#certificate = new WatchedCertificate({ files, folder: dirname(path), workload, trustDomain, holder: this.#holder, nowMs: wallMs, log: logger.log });
    this.#dataplane = around.createDataplane({ recorder: this.#series, watch: this.#watching.watchers, credentials: this.#holder, createBalancer, nowUs, wallMs, random, shelf: this.#shelf, log: logger.log });
    this.#succession = new Succession({
      path: config.handover === null ? null : resolve(dirname(path), config.handover),
      shelf: this.#shelf,
      ready: () => this.#notReady().length === 0,
      yield: () => this.#admin?.stop(),
      resume: () => void this.#serveAdmin(),
      log: logger.log,
    });
  }

  /** Serves, or tells every reason why not, with nothing left open. Throws when the admin port is taken. */
  async start(): Promise<readonly StaticFault[]> {
    const certificate = this.#certificate.load();
    if (certificate.length > 0) {
      this.#stopParts();
      return certificate;
    }
    this.#succession.takeOver();
    const admin = this.#serveAdmin();
    this.#apply();
    if (this.#problems.length > 0) {
      const faults = this.#problems.map((message): StaticFault => ({ code: 'static_listen_failed', pointer: '', message, remedy: 'Stop what has this address, or name another in the file.' }));
      await this.#dataplane.drain(0);
      this.#stopParts();
      return faults;
    }
    this.#certificate.watch();
    this.#succession.start();
    // Nobody takes the windows; they are ended all the same, so that their rows don't pile up.
    this.#windows = setInterval(() => {
      if (this.#series.seal() !== null) this.#windowsDropped += 1;
    }, WINDOW_MS);
    const { workload, instance } = this.#config;
    this.#around.logger.log('info', 'started', { workload, instance, admin: `${admin.address.host}:${admin.address.port}`, version: PROXY_VERSION, config: this.#path });
    return [];
  }

  /** Reads the file and the certificate again. What is of no use is told, and the old stays in force. */
  reload(): void {
    if (this.#draining) return;
    this.#certificate.reload('SIGHUP');
    const read = readStatic(this.#path);
    const faults = read.kind === 'faults' ? read.faults : this.#unchangeable(read.config);
    if (read.kind === 'faults' || faults.length > 0) {
      this.#reloadsRefused += 1;
      this.#around.logger.log('error', 'the changed configuration is refused; the old one stays', { faults: faults.map(faultLine) });
      return;
    }
    this.#config = read.config;
    this.#around.logger.level = read.config.logLevel;
    this.#apply();
  }

  /** Ends in order; resolves when the process may end. */
  async end(): Promise<void> {
    this.#draining = true;
    const { handed } = this.#succession;
    this.#around.logger.log('info', 'draining', { ...this.#dataplane.open(), handed });
    await this.#dataplane.drain(DRAIN_MS_MAX, handed);
    await this.#watching.stop();
    this.#stopParts();
  }

  #serveAdmin(): AdminServer {
    return (this.#admin = serveAdmin(this.#config.admin, this.#adminSubject()));
  }

  #stopParts(): void {
    this.#succession.stop();
    clearTimeout(this.#relisten);
    clearInterval(this.#windows);
    this.#certificate.stop();
    this.#holder.stop();
    this.#admin?.stop();
  }

  #apply(): void {
    const orders = { ...this.#config.orders, revision: (this.#orders?.revision ?? 0) + 1 };
    this.#orders = orders;
    this.#problems = this.#dataplane.apply(orders);
    this.#watching.ordered(orders.telemetry ?? null);
    const { log } = this.#around.logger;
    log(this.#problems.length > 0 ? 'error' : 'info', 'orders in force', { revision: orders.revision, problems: this.#problems });
    this.#relistenLater(orders);
  }

  /** After a reload a port in use may become free; the rest is in force meanwhile. */
  #relistenLater(orders: ProxyOrders): void {
    clearTimeout(this.#relisten);
    if (this.#problems.length === 0) return;
    this.#relisten = setTimeout(() => {
      this.#problems = this.#dataplane.apply(orders);
      this.#relistenLater(orders);
    }, RELISTEN_MS);
  }

  /** What names this process can't change while it runs. */
  #unchangeable(next: StaticConfig): StaticFault[] {
    const identity = ({ workload, instance, trustDomain, admin, certificate, handover }: StaticConfig) => ({ workload, instance, trustDomain, admin, certificate, handover });
    const now = identity(this.#config);
    const then = identity(next);
    return (Object.keys(now) as (keyof typeof now)[])
      .filter((name) => JSON.stringify(now[name]) !== JSON.stringify(then[name]))
      .map((name) => ({ code: 'static_restart_needed', pointer: `/${name}`, message: `${name} can't change while the proxy runs.`, remedy: 'Restart the proxy, or take this change back.' }));
  }

  #notReady(): string[] {
    const reasons: string[] = [];
    if (this.#draining) reasons.push('draining: this proxy is shutting down');
    if (this.#holder.current() === null) reasons.push('no_certificate: the certificate in the files has expired');
    reasons.push(...this.#problems.map((problem) => `listener: ${problem}`));
    if (reasons.length === 0 && !this.#dataplane.ready()) reasons.push('opening: not every listener is open yet');
    return reasons;
  }

  #adminSubject(): AdminSubject {
    const { logger, onShutdown } = this.#around;
    return {
      notReady: () => this.#notReady(),
      metrics: () => this.#metrics(),
      config: () => ({ version: PROXY_VERSION, file: this.#path, problems: this.#problems, open: this.#dataplane.open(), orders: this.#orders }),
      logLevel: () => logger.level,
      setLogLevel: (level) => {
        logger.level = level;
      },
      shutdown: onShutdown,
    };
  }

  async *#metrics(): AsyncGenerator<string> {
    const { usage, wallMs, nowUs } = this.#around;
    const system = await readSystemFacts();
    const leaf = this.#holder.current();
    const pieces = renderMetrics(this.#series, {
      version: PROXY_VERSION,
      ...usage(),
      system,
      balancers: this.#dataplane.balancers(),
      watching: this.#watching.metrics(),
      nowMs: wallMs(),
      certificate: leaf === null ? null : { notAfterMs: leaf.notAfterMs, refreshedMs: this.#refreshedMs },
      certificateRefreshes: { ok: this.#certificate.loads, error: this.#certificate.failures },
      inboundPolicy: this.#config.orders.inbound.policy,
      own: [
        ...reliabilityMetrics(this.#dataplane.reliability()),
        { name: 'sidelight_windows_dropped_total', help: 'Windows that nobody takes, since there is no control plane.', type: 'counter', value: this.#windowsDropped },
        { name: 'sidelight_static_reloads_refused_total', help: 'Changed configuration files that were refused.', type: 'counter', value: this.#reloadsRefused },
        { name: 'sidelight_listeners_failed', help: 'Listeners that could not be opened.', type: 'gauge', value: this.#problems.length },
        ...transparentMetrics(this.#dataplane.transparent()),
      ],
    });
    yield* inSlices(pieces, () => nowUs() / 1_000, turn);
  }
}
