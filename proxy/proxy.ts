/** Puts the parts of one proxy together. Time, randomness and the data path come as arguments. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminSubject } from './admin/answers.ts';
import { serveAdmin, type AdminServer } from './admin/server.ts';
import { createBalancer } from './balance/p2c.ts';
import { controlIdentity, type ProxyConfig } from './config.ts';
import { Applied } from './control/applied.ts';
import type { Dial } from './control/dial.ts';
import { ControlLink } from './control/link.ts';
import type { Dataplane, DataplaneParts } from './dataplane.ts';
import { drain } from './drain.ts';
import { Anchors } from './identity/anchors.ts';
import { certify, type CertifyResult } from './identity/certify.ts';
import { Issuance } from './identity/issuance.ts';
import { LeafHolder } from './identity/leaf-holder.ts';
import { StateFolder } from './identity/state-folder.ts';
import { TrustReport } from './identity/trust.ts';
import { holdsCertificates, verifyLeaf, type LeafOwner } from './identity/verify.ts';
import type { Logger } from './log.ts';
import { ownMetrics, reliabilityMetrics } from './own-metrics.ts';
import { withExchangeFile } from './telemetry/exchange-file.ts';
import { renderMetrics } from './telemetry/prometheus.ts';
import { inSlices, turn } from './telemetry/slices.ts';
import { readSystemFacts } from './telemetry/system-facts.ts';
import type { WriteBytes } from './telemetry/line-output.ts';
import type { Recorder } from './telemetry/recorder.ts';
import { Series } from './telemetry/series.ts';
import type { SpanExportParts } from './telemetry/span-export.ts';
import { Watching } from './telemetry/watching.ts';
import { WindowClock } from './telemetry/window-clock.ts';
import { WindowRing } from './telemetry/window.ts';
import { ListenerShelf } from './sockets/shelf.ts';
import { Succession } from './succession.ts';
import { PROXY_VERSION } from './version.ts';
import { TAP_REPORT_MS, type TapSession } from './wire/tap.ts';
import type { Endpoint, ProxyOrders } from './wire/orders.ts';

/** In the state folder: where a process that takes this one's place asks for its listeners. */
const HANDOVER_SOCKET = 'handover.sock';

/** A listener that couldn't be opened is tried again so often. */
export const RELISTEN_MS = 1_000;

export interface Surroundings {
  /** 16 hex digits, random for each start. */
  readonly instance: string;
  readonly logger: Logger;
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** Monotonic µs. */
  readonly nowUs: () => number;
  readonly random: () => number;
  readonly dial: Dial;
  readonly createDataplane: (parts: DataplaneParts) => Dataplane;
  readonly usage: () => { readonly cpuSeconds: number; readonly residentBytes: number; readonly runtime: string; readonly startMs: number };
  /** Takes lines of the access log. */
  readonly accessOutput: WriteBytes;
  readonly postSpans: SpanExportParts['post'];
  /** Somebody asked for the end on the admin port. */
  readonly onShutdown: () => void;
}

export class Proxy {
  readonly #config: ProxyConfig;
  readonly #around: Surroundings;
  readonly #series = new Series();
  readonly #watching: Watching;
  readonly #holder: LeafHolder;
  readonly #anchors: Anchors;
  readonly #trust = new TrustReport();
  readonly #owner: LeafOwner;
  readonly #state: StateFolder | null;
  readonly #dataplane: Dataplane;
  readonly #ring: WindowRing;
  readonly #applied: Applied;
  readonly #issuance: Issuance;
  readonly #link: ControlLink;
  readonly #clock: WindowClock;
  readonly #shelf = new ListenerShelf();
  readonly #succession: Succession;
  #admin: AdminServer | null = null;
  #relisten: ReturnType<typeof setTimeout> | undefined;
  #tapReports: ReturnType<typeof setInterval> | undefined;
  #relistens = 0;
  #draining = false;

  constructor(config: ProxyConfig, around: Surroundings) {
    const { logger, wallMs, nowUs, random, instance } = around;
    const nowMs = () => nowUs() / 1_000;
    this.#config = config;
    this.#around = around;
    this.#holder = new LeafHolder(wallMs);
    this.#anchors = new Anchors(() => readFileSync(config.trustBundleFile, 'utf8'));
    this.#owner = { namespace: config.workload.split('/')[0] ?? '', trustDomain: config.trustDomain };
    this.#watching = new Watching(
      { series: this.#series, resource: { workload: config.workload, instance: config.instance, version: PROXY_VERSION }, output: around.accessOutput, post: around.postSpans, nowMs, wallMs, random, log: logger.log },
      { accessLog: config.accessLog, tracing: config.traceCollector === null ? null : { collector: config.traceCollector, share: config.traceShare } },
    );
    this.#state = config.stateDir === null ? null : new StateFolder(config.stateDir);
    this.#dataplane = around.createDataplane({
      recorder: recorderFor(this.#series, config.exchangeFile), watch: this.#watching.watchers, credentials: this.#holder, createBalancer, nowUs, wallMs, random, log: logger.log,
      shelf: this.#shelf,
      rediscover: (service, port, endpoint) => this.#rediscover(service, port, endpoint),
      // The link comes later, and both need each other.
      discovery: { reachable: () => this.#link.watches.reachable(), watch: (address, told) => this.#link.watches.watch(address, told) },
    });
    this.#ring = new WindowRing(instance, (withOpen) => this.#series.seal(withOpen), nowMs());
    this.#applied = new Applied(config.workload, config.trustDomain, (orders) => this.#dataplane.apply(orders));
    this.#issuance = new Issuance({
      certify: () => this.#certify(),
      holder: this.#holder,
      keep: (material) => this.#keep('the certificate', (state) => state.saveLeaf(material)),
      nowMs: wallMs,
      random,
      log: logger.log,
    });
    this.#link = new ControlLink({
      dial: around.dial,
      address: config.control,
      serverIdentity: controlIdentity(config.trustDomain),
      hello: { proxyVersion: PROXY_VERSION, workload: config.workload, instanceName: config.instance, instance },
      credentials: this.#holder,
      trustBundle: () => this.#anchors.current(),
      ring: this.#ring,
      onOrders: (orders) => this.#takeOrders(orders),
      onBundle: (trustBundle) => this.#takeBundle(trustBundle),
      onTap: (sessions) => this.#tap(sessions),
      onRenew: (withinMs) => this.#issuance.renewWithin(withinMs),
      onClock: () => this.#clock.arm(),
      status: () => this.#status(),
      nowMs,
      wallMs,
      random,
      log: logger.log,
    });
    this.#succession = new Succession({
      path: config.stateDir === null ? null : join(config.stateDir, HANDOVER_SOCKET),
      shelf: this.#shelf,
      ready: () => this.#notReady().length === 0,
      yield: () => this.#admin?.stop(),
      resume: () => void this.#serveAdmin(),
      log: logger.log,
    });
    this.#clock = new WindowClock(this.#ring, nowMs, () => this.#link.linked, () => this.#link.sendWindows());
  }

  /** Serves: first with what an earlier start left, then with what the control plane says. Throws `StartFault`. */
  start(): void {
    this.#state?.open();
    this.#succession.takeOver();
    const { address } = this.#serveAdmin();
    this.#load();
    this.#clock.arm();
    this.#issuance.start();
    this.#link.start();
    this.#succession.start();
    this.#around.logger.log('info', 'started', {
      workload: this.#config.workload,
      instance: this.#config.instance,
      admin: `${address.host}:${address.port}`,
      version: PROXY_VERSION,
    });
  }

  /** Ends in order; resolves when the process may end. */
  async end(): Promise<void> {
    this.#draining = true;
    clearTimeout(this.#relisten);
    this.#link.sendStatus();
    await drain({ dataplane: this.#dataplane, ring: this.#ring, link: this.#link, handed: this.#succession.handed, nowMs: () => this.#around.nowUs() / 1_000, log: this.#around.logger.log });
    clearInterval(this.#tapReports);
    await this.#watching.stop();
    this.#succession.stop();
    this.#issuance.stop();
    this.#link.stop();
    this.#clock.stop();
    this.#holder.stop();
    this.#admin?.stop();
  }

  #serveAdmin(): AdminServer {
    return (this.#admin = serveAdmin(this.#config.admin, this.#adminSubject()));
  }

  /** Leaf and orders of an earlier start, as far as they are still good. */
  #load(): void {
    if (this.#state === null) return;
    const { log } = this.#around.logger;
    const { material, orders, problems } = this.#state.load();
    for (const problem of problems) log('warn', 'kept state left out', { code: 'state_unusable', reason: problem });
    if (material !== null) {
      // In force only while the mounted file can't be read.
      this.#anchors.put(material.trustBundle);
      const leaf = verifyLeaf(material, this.#owner, this.#around.wallMs());
      if (leaf.kind === 'valid') this.#holder.put(material, leaf.identity, leaf.notAfterMs);
      else log('warn', 'kept certificate left out', { code: 'state_unusable', reason: leaf.reason });
    }
    if (orders !== null) this.#apply(orders);
  }

  async #certify(): Promise<CertifyResult> {
    const { control, tokenFile, workload, trustDomain } = this.#config;
    try {
      const token = readFileSync(tokenFile, 'utf8').trim();
      const trustBundle = this.#anchors.current();
      const { dial, wallMs } = this.#around;
      return await certify({ dial, address: control, serverIdentity: controlIdentity(trustDomain), trustBundle, token, workload, owner: this.#owner, nowMs: wallMs });
    } catch (error) {
      return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Sessions end by themselves: what they have seen is told while there are any. */
  #tap(sessions: readonly TapSession[]): void {
    this.#watching.tap(sessions);
    clearInterval(this.#tapReports);
    this.#tapReports = setInterval(() => {
      this.#link.sendTap(this.#watching.reports());
      if (!this.#watching.tapped) clearInterval(this.#tapReports);
    }, TAP_REPORT_MS);
  }

  #takeOrders(orders: ProxyOrders): void {
    if (this.#draining) return;
    if (this.#apply(orders)) this.#keep('the orders', (state) => state.saveOrders(orders));
  }

  #rediscover(service: string, port: number, endpoint: Endpoint): void {
    const asked = this.#link.rediscover(service, port, endpoint);
    const { host, port: at } = endpoint.mesh?.address ?? endpoint.address;
    if (asked) this.#around.logger.log('warn', 'an endpoint proved another identity; it is left out, and discovery is asked again', { service, port, address: `${host}:${at}`, identity: endpoint.mesh?.identity });
  }

  /** True when they were new and taken. */
  #apply(orders: ProxyOrders): boolean {
    const { log } = this.#around.logger;
    const verdict = this.#applied.take(orders);
    switch (verdict.kind) {
      case 'same':
        return false;
      case 'refused':
        log('error', 'orders refused, the last ones stay in force', { code: verdict.code, reason: verdict.reason });
        return false;
      case 'applied':
        this.#watching.ordered(orders.telemetry ?? null);
        if (verdict.problems.length === 0) log('info', 'orders in force', { revision: orders.revision });
        else log('error', 'orders in force, but for what could not be opened', { code: 'listener_failed', revision: orders.revision, problems: verdict.problems });
        if (verdict.problems.length > 0) this.#relistenLater();
        return true;
      default:
        return verdict satisfies never;
    }
  }

  /** A port in use may become free; the rest of the orders is in force meanwhile. */
  #relistenLater(): void {
    clearTimeout(this.#relisten);
    this.#relisten = setTimeout(() => {
      this.#relistens += 1;
      if (this.#applied.retry().length > 0) this.#relistenLater();
      else this.#around.logger.log('info', 'all listeners open');
    }, RELISTEN_MS);
  }

  #takeBundle(trustBundle: string): void {
    if (!holdsCertificates(trustBundle)) {
      return this.#around.logger.log('error', 'trust anchors refused, the last ones stay in force', { code: 'bundle_unusable', reason: 'they hold no certificate that can be read' });
    }
    this.#anchors.put(trustBundle);
    this.#holder.putBundle(trustBundle);
    this.#keep('the trust bundle', (state) => state.saveBundle(trustBundle));
  }

  /** State that can't be written is a loss at the next start only, so it's no reason to stop. */
  #keep(what: string, write: (state: StateFolder) => void): void {
    if (this.#state === null) return;
    try {
      write(this.#state);
    } catch (error) {
      this.#around.logger.log('error', `${what} can't be kept; a restart would need the control plane`, { code: 'state_unwritable', reason: String(error) });
    }
  }

  #notReady(): string[] {
    const reasons: string[] = [];
    if (this.#draining) reasons.push('draining: this proxy is shutting down');
    if (this.#applied.orders === null) reasons.push('no_orders: the control plane has not sent orders yet');
    if (this.#holder.current() === null) reasons.push('no_certificate: there is no valid certificate');
    reasons.push(...this.#applied.problems.map((problem) => `listener: ${problem}`));
    if (reasons.length === 0 && !this.#dataplane.ready()) reasons.push('opening: not every listener is open yet');
    return reasons;
  }

  #status() {
    const leaf = this.#holder.current();
    return {
      ready: this.#notReady().length === 0,
      revision: this.#applied.orders?.revision ?? 0,
      certificateNotAfter: leaf === null ? null : new Date(leaf.notAfterMs).toISOString(),
      ...this.#trust.of(leaf),
    };
  }

  #adminSubject(): AdminSubject {
    const { logger, onShutdown } = this.#around;
    return {
      notReady: () => this.#notReady(),
      metrics: () => this.#metrics(),
      config: () => ({ version: PROXY_VERSION, config: this.#config, problems: this.#applied.problems, open: this.#dataplane.open(), orders: this.#applied.orders }),
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
      certificate: leaf === null ? null : { notAfterMs: leaf.notAfterMs, refreshedMs: this.#issuance.refreshedMs },
      certificateRefreshes: this.#issuance,
      inboundPolicy: this.#applied.orders?.inbound.policy ?? '',
      own: [
        ...ownMetrics({ ring: this.#ring, link: this.#link, applied: this.#applied, nowMs: this.#around.nowUs() / 1_000, relistens: this.#relistens, transparent: this.#dataplane.transparent() }),
        ...reliabilityMetrics(this.#dataplane.reliability()),
      ],
    });
    yield* inSlices(pieces, () => nowUs() / 1_000, turn);
  }
}

function recorderFor(series: Series, exchangeFile: string | null): Recorder {
  return exchangeFile === null ? series : withExchangeFile(series, (line) => appendFileSync(exchangeFile, line, { mode: 0o600 }));
}
