/** The agent and control plane of the `host` platform, put together from its parts. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../proxy/wire/labels.ts';
import type { SocketAddress } from '../proxy/wire/orders.ts';
import { RING_MS_MAX } from '../proxy/wire/report.ts';
import { openAdmin } from './admin/server.ts';
import { Metrics } from './admin/metrics.ts';
import { Pending } from './aggregate/pending.ts';
import { Clock } from './clock.ts';
import type { ClockSources } from './clock.ts';
import { proxyKey } from './compile/orders.ts';
import type { HostConfig } from './config.ts';
import { AgentFault, messageOf, systemCodeOf } from './fault.ts';
import { Anchors } from './issuer/anchors.ts';
import type { Authority } from './issuer/authority.ts';
import { OwnLeaf } from './issuer/own-leaf.ts';
import { PHASES } from './issuer/rotation.ts';
import type { ProxyTrust } from './issuer/rotation.ts';
import { REQUEST_FILE, Rotator } from './issuer/rotator.ts';
import { lockFolder } from './lock.ts';
import type { Lock } from './lock.ts';
import type { Log } from './log.ts';
import { formatAddress } from './platform/host/address.ts';
import { formatFault, meshFault } from './platform/host/faults.ts';
import type { MeshFault } from './platform/host/faults.ts';
import { MeshInForce } from './platform/host/mesh-in-force.ts';
import { parseMesh } from './platform/host/mesh-file.ts';
import { JoinTokens } from './platform/host/tokens.ts';
import { FileWatch } from './platform/host/watch.ts';
import { Absences } from './proxies/absences.ts';
import type { KnownProcess } from './proxies/absences.ts';
import { readKnownProcesses, writeKnownProcesses } from './proxies/known-processes.ts';
import { ControlServer } from './proxies/server.ts';
import type { Proof } from './proxies/session.ts';
import { TAP_FLUSH_MS, Taps } from './proxies/taps.ts';
import { Ticker } from './proxies/ticker.ts';
import { TOKEN_RETRY_MS, Uplink } from './uplink/client.ts';
import { Sealer } from './uplink/sealer.ts';
import { ACKNOWLEDGE_MS_MAX } from './uplink/session.ts';
import { Spool } from './uplink/spool.ts';
import { takeSnapshot } from './uplink/topology.ts';
import { AGENT_VERSION } from './version.ts';
import { SEAL_DELAY_MS } from './wire/rollup.ts';
import type { AgentTapSession } from './wire/tap.ts';
import { UPLINK_WIRE_VERSION } from './wire/version.ts';

/** Ticks go out by the cloud's clock if it answers within this, else by the agent's own until it does. */
const FIRST_WELCOME_MS_MAX = 1_500;
/** The control server's own certificate is made anew when it turns out that it was made at a time so wrong; leaves begin 5 minutes back. */
const LEAF_SKEW_MS = 60_000;
const CLOCK_LOG = { moved: ['info', 'clock_moved'], stepped: ['warn', 'clock_stepped'] } as const;
/** Join tokens that could not be written are tried again this soon. */
const TOKENS_RETRY_MS = 2_000;
/** How often to look whether a window is due for its seal. */
const SEAL_LOOK_MS = 100;

/** The mesh file has faults. */
export class MeshFaults extends Error {
  override readonly name = 'MeshFaults';
  readonly lines: readonly string[];

  constructor(file: string, faults: readonly MeshFault[]) {
    super(`${file} has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`);
    this.lines = faults.map((fault) => formatFault(file, fault));
  }
}

export interface HostSources extends ClockSources {
  /** In [0, 1). */
  readonly random: () => number;
}

/** Starts everything. Throws `MeshFaults` or `AgentFault`, and then nothing is left running. */
export async function startHost(config: HostConfig, sources: HostSources, log: Log): Promise<Host> {
  const text = readMeshFile(config.meshFile);
  const parsed = parseMesh(text);
  if (parsed.kind === 'faults') throw new MeshFaults(config.meshFile, parsed.faults);
  const lock = await openState(config.stateFolder);
  let host: Host | null = null;
  try {
    const mesh = new MeshInForce(parsed.mesh, Math.floor(sources.wallMs()));
    const anchors = Anchors.open(config.stateFolder, mesh.trustDomain, sources.wallMs());
    const spool = config.uplink && (await Spool.open(join(config.stateFolder, 'spool')));
    host = new Host({ config, sources, log, lock, mesh, anchors, spool });
    await host.start(text);
    return host;
  } catch (thrown) {
    await host?.stop();
    lock.release();
    throw isDiskFault(thrown) ? unwritable(config.stateFolder, thrown) : thrown;
  }
}

interface HostParts {
  readonly config: HostConfig;
  readonly sources: HostSources;
  readonly log: Log;
  readonly lock: Lock;
  readonly mesh: MeshInForce;
  readonly anchors: Anchors;
  readonly spool: Spool | null;
}

export class Host {
  readonly metrics = new Metrics();
  readonly #taps = new Taps();
  readonly #parts: HostParts;
  readonly #clock: Clock;
  readonly #ticker: Ticker;
  readonly #tokens: JoinTokens;
  readonly #ownLeaf: OwnLeaf;
  readonly #rotator: Rotator;
  readonly #absences: Absences;
  readonly #sealer: Sealer;
  readonly #control: ControlServer;
  readonly #uplink: Uplink | null;
  readonly #firstWelcome = Promise.withResolvers<void>();
  #tapFlush: NodeJS.Timeout | null = null;
  #closers: (() => void | Promise<void>)[] = [];
  #ready = false;

  constructor(parts: HostParts) {
    const { config, sources, mesh, anchors } = parts;
    this.#parts = parts;
    this.#clock = new Clock(sources, config.windowMs);
    this.#ticker = new Ticker({ nowMs: () => this.#clock.nowMs(), windowMs: config.windowMs, onTick: () => this.#control.tick() });
    this.#tokens = new JoinTokens(join(config.stateFolder, 'tokens'));
    this.#ownLeaf = new OwnLeaf(() => anchors.issuing, identityOf('control', 'sidelight', mesh.trustDomain), config.leafTtlMs, () => this.#certificateMs());
    this.#absences = this.#makeAbsences();
    this.#sealer = this.#makeSealer();
    this.#control = this.#makeControl();
    this.#rotator = this.#makeRotator();
    this.#uplink = this.#makeUplink();
  }

  async start(meshText: string): Promise<void> {
    const { mesh } = this.#parts;
    this.#tokens.ensure(mesh.inventory.workloads.list());
    this.#closers.push(() => this.#uplink?.stop());
    this.#uplink?.start();
    await this.#firstClock();
    const controlPort = await this.#control.listen(mesh.control);
    this.#closers.push(() => this.#control.close());
    const admin = await this.#openAdmin();
    this.#closers.push(() => admin.close());
    this.#startTimers(meshText);
    this.#ready = true;
    this.#logReady(controlPort, admin.port);
  }

  /** Stops everything; what proxies have reported is sealed first. */
  async stop(): Promise<void> {
    this.#ready = false;
    this.#stopTap();
    await this.#sealer.stop();
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.#parts.spool?.close();
    this.#parts.lock.release();
  }

  #startTimers(meshText: string): void {
    const { config } = this.#parts;
    const watch = new FileWatch(config.meshFile, meshText, (text) => this.#applyMesh(text));
    this.#closers.push(() => watch.stop(), () => this.#rotator.stop(), () => this.#ownLeaf.stop(), () => this.#ticker.stop());
    watch.start();
    this.#ownLeaf.renewWith((leaf) => this.#control.renew(leaf));
    this.#rotator.start();
    this.#ticker.start();
    this.#sealer.start(Math.min(SEAL_LOOK_MS, config.windowMs / 10));
  }

  #logReady(controlPort: number, adminPort: number): void {
    const { config, mesh, log } = this.#parts;
    const facts = { control: formatAddress({ ...mesh.control, port: controlPort }), admin: formatAddress({ ...config.admin, port: adminPort }) };
    log('info', 'agent ready', { ...facts, workloads: mesh.inventory.workloads.size, services: mesh.inventory.services.size, cloud: config.uplink?.cloud ?? null });
  }

  #makeAbsences(): Absences {
    const { config, spool, log } = this.#parts;
    const file = join(config.stateFolder, 'proxies.json');
    const keep = (known: readonly KnownProcess[]): void => {
      try {
        writeKnownProcesses(file, known);
      } catch (cause) {
        log('error', 'the list of proxies can’t be kept; a proxy that ends while the agent is away would not be noticed', { code: 'state_unwritable', reason: messageOf(cause) });
      }
    };
    const ringTicks = Math.ceil(RING_MS_MAX / config.windowMs);
    const knownTo = Math.floor((spool?.lastSealedMs ?? this.#clock.nowMs()) / config.windowMs);
    return new Absences({ tick: () => this.#ticker.tick().tick, ringTicks, keep }, readKnownProcesses(file, spool?.lastLostOf ?? []), knownTo);
  }

  #makeSealer(): Sealer {
    const { config, spool, log } = this.#parts;
    const sealDelayMs = Math.min(SEAL_DELAY_MS, config.windowMs / 5);
    return new Sealer(
      {
        pending: new Pending({ windowMs: config.windowMs, sealDelayMs }),
        store: async (batch, nowMs) => spool?.append(batch, config.windowMs, nowMs),
        nowMs: () => this.#clock.nowMs(),
        live: () => this.#control.live(),
        takeLost: () => this.#absences.take(),
        onSealed: (marks) => {
          this.#control.acknowledge(marks);
          this.#uplink?.frameSealed();
        },
        metrics: this.metrics,
        log,
      },
      spool?.marks ?? {},
    );
  }

  #makeControl(): ControlServer {
    const { config, sources, mesh, anchors, log } = this.#parts;
    const parts = {
      workload: (key: string) => mesh.inventory.workloads.get(key),
      orders: (workload: string, instanceName: string) => mesh.orders(workload, instanceName),
      destination: (address: SocketAddress) => mesh.destination(address),
      prove: async (key: string, token: string) => this.#prove(key, token),
      issue: (publicKey: Parameters<Authority['issue']>[0], identity: string) => anchors.issuing.issue(publicKey, identity, this.#certificateMs(), config.leafTtlMs),
      trustBundle: () => anchors.bundle,
      take: (window: Parameters<Sealer['take']>[0]) => this.#sealer.take(window),
      sealedOf: (instance: string) => this.#sealer.sealedOf(instance),
      taps: this.#taps,
      takenOf: (instance: string) => this.#sealer.takenOf(instance),
      absences: this.#absences,
      leave: (instance: string) => this.#sealer.leave(instance),
      tick: () => this.#ticker.tick(),
      wallMs: sources.wallMs,
      metrics: this.metrics,
      log,
    };
    return new ControlServer(parts, this.#ownLeaf.issue(), () => this.#uplink?.topologyChanged());
  }

  /** One answer for a workload that there isn't and a token that is wrong, so that a stranger learns no names. */
  #prove(key: string, token: string): Proof {
    const workload = this.#parts.mesh.inventory.workloads.get(key);
    if (workload !== null && this.#tokens.matches(workload, token)) return { kind: 'proved', identity: workload.identity };
    return { kind: 'refused', reason: `the join token is not that of a workload ${key} in the mesh file` };
  }

  #makeRotator(): Rotator {
    const { config, sources, anchors, log } = this.#parts;
    // What it serves with comes first: who is told of an anchor may use it at once.
    const renew = (): void => this.#control.renew(this.#ownLeaf.issue());
    return new Rotator({
      anchors,
      requestFile: join(config.stateFolder, REQUEST_FILE),
      leafTtlMs: config.leafTtlMs,
      proxies: () => this.#trust(),
      wallMs: sources.wallMs,
      onBundle: () => {
        renew();
        this.#control.pushBundle();
      },
      onIssuer: () => {
        renew();
        this.#uplink?.topologyChanged();
      },
      askRenewal: (keys, withinMs) => this.#control.askRenewal(keys, withinMs),
      metrics: this.metrics,
      log,
    });
  }

  /** Of every instance with a sidecar, whether it is there or not. */
  #trust(): ProxyTrust[] {
    const told = this.#control.trust();
    const keys = this.#parts.mesh.inventory.workloads.list().flatMap(({ key, instances }) => instances.filter(({ mesh }) => mesh !== null).map(({ name }) => proxyKey(key, name)));
    return keys.map((key) => ({ key, ...(told.get(key) ?? { bundleSha256: null, anchorSha256: null }) }));
  }

  #makeUplink(): Uplink | null {
    const { config, sources, spool, log } = this.#parts;
    const { uplink } = config;
    if (!uplink || !spool) return null;
    const session = {
      spool,
      hello: { wire: UPLINK_WIRE_VERSION, agentVersion: AGENT_VERSION, platform: 'host' as const, windowMs: config.windowMs },
      nowMs: () => this.#clock.nowMs(),
      monotonicMs: sources.monotonicMs,
      correctClock: (cloudMs: number, roundTripMs: number) => this.#correctClock(cloudMs, roundTripMs),
      raiseMarks: (marks: Readonly<Record<string, number>>) => this.#sealer.raise(marks),
      snapshot: () => this.#snapshot(),
      onWelcome: () => this.#firstWelcome.resolve(),
      onTap: (sessions: readonly AgentTapSession[]) => this.#tap(sessions),
      acknowledgeMsMax: ACKNOWLEDGE_MS_MAX,
      metrics: this.metrics,
      log,
    };
    const token = (): string => readFileSync(uplink.tokenFile, 'utf8').trim();
    return new Uplink({ cloud: uplink.cloud, token, session, random: sources.random, tokenRetryMs: TOKEN_RETRY_MS, metrics: this.metrics, log });
  }

  /** Tells the proxies, and sends what they tell while there are sessions. */
  #tap(sessions: readonly AgentTapSession[]): void {
    this.#taps.set(sessions, this.#parts.sources.wallMs());
    this.#control.pushTaps();
    this.#tapFlush ??= setInterval(() => {
      this.#uplink?.sendTap(this.#taps.flush(this.#parts.sources.wallMs()));
      if (this.#taps.size === 0) this.#stopTap();
    }, TAP_FLUSH_MS);
  }

  #stopTap(): void {
    clearInterval(this.#tapFlush ?? undefined);
    this.#tapFlush = null;
  }

  #snapshot(): ReturnType<typeof takeSnapshot> {
    const { mesh, anchors } = this.#parts;
    return takeSnapshot({
      takenAtMs: Math.round(this.#clock.nowMs()),
      inventory: mesh.inventory,
      proxies: this.#control.proxies(),
      trustDomain: mesh.trustDomain,
      trustAnchorNotAfterMs: anchors.issuing.notAfterMs,
    });
  }

  #correctClock(cloudMs: number, roundTripMs: number): void {
    const correction = this.#clock.correct(cloudMs, roundTripMs);
    if (correction.kind === 'kept') return;
    this.metrics.add('clock_corrections_total');
    const [level, code] = CLOCK_LOG[correction.kind];
    this.#parts.log(level, 'the mesh clock was corrected to the cloud’s', { code, byMs: Math.round(correction.byMs) });
    if (Math.abs(correction.byMs) > LEAF_SKEW_MS) this.#control.renew(this.#ownLeaf.issue());
    if (this.#ready) this.#ticker.start();
  }

  /** A certificate must have begun by the proxies' clocks: when the agent's and the cloud's differ, by the earlier one. */
  #certificateMs(): number {
    return Math.min(this.#parts.sources.wallMs(), this.#clock.nowMs());
  }

  #applyMesh(text: string): void {
    const { mesh, sources, log, config } = this.#parts;
    const result = mesh.apply(text, Math.floor(sources.wallMs()));
    if (result.kind === 'refused') {
      this.metrics.add('mesh_refused_total');
      return log('error', 'the changed mesh file has faults; the mesh before stays in force', { code: 'mesh_refused', faults: result.faults.map((fault) => formatFault(config.meshFile, fault)) });
    }
    this.metrics.add('mesh_applied_total');
    this.#ensureTokens();
    this.#control.pushOrders(result.changed);
    this.#control.pushDestinations();
    this.#uplink?.topologyChanged();
    log('info', 'the changed mesh file is in force', { proxiesChanged: result.changed.length });
  }

  /** A full disk keeps new workloads out for as long as it is full, and nobody else. */
  #ensureTokens(): void {
    try {
      this.#tokens.ensure(this.#parts.mesh.inventory.workloads.list());
    } catch (cause) {
      this.#parts.log('error', 'the join tokens of new workloads can’t be written and are tried again', { code: 'state_unwritable', reason: messageOf(cause), remedy: 'let the agent write to its state folder, and give it some space' });
      if (this.#ready) setTimeout(() => this.#ensureTokens(), TOKENS_RETRY_MS).unref();
    }
  }

  async #firstClock(): Promise<void> {
    if (!this.#uplink) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FIRST_WELCOME_MS_MAX);
    await Promise.race([this.#firstWelcome.promise, promise]);
    clearTimeout(timer);
  }

  async #openAdmin(): ReturnType<typeof openAdmin> {
    const { admin } = this.#parts.config;
    try {
      return await openAdmin(admin, { notReady: () => (this.#ready ? null : 'the agent is starting or stopping'), metrics: () => this.#renderMetrics() });
    } catch (cause) {
      throw new AgentFault('admin_listen_failed', `can't listen on ${formatAddress(admin)} (${messageOf(cause)})`, 'stop the other process, or choose another --admin address', { cause });
    }
  }

  #renderMetrics(): string {
    const { spool, anchors } = this.#parts;
    return this.metrics.render({
      proxies_connected: this.#control.live().size,
      control_connections: this.#control.connections,
      spool_frames: spool?.frames ?? 0,
      spool_bytes: spool?.bytes ?? 0,
      spool_dropped_frames: spool?.droppedFrames ?? 0,
      spool_damaged_records: spool?.damaged ?? 0,
      tap_sessions: this.#taps.size,
      tap_events_dropped: this.#taps.dropped,
      uplink_connected: this.#uplink?.connected ? 1 : 0,
      trust_anchor_expiration_timestamp_seconds: anchors.issuing.notAfterMs / 1000,
      trust_anchor_rotation_phase: PHASES.indexOf(anchors.phase),
      trust_anchor_rotation_awaited_proxies: this.#rotator.awaited().length,
    });
  }
}

function readMeshFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MeshFaults(file, [meshFault('mesh_unreadable', `the mesh file can't be read (${systemCodeOf(cause) ?? messageOf(cause)})`)]);
  }
}

async function openState(folder: string): Promise<Lock> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return await lockFolder(folder);
  } catch (cause) {
    throw cause instanceof AgentFault ? cause : unwritable(folder, cause);
  }
}

/** The system's codes for a disk that takes nothing. */
const DISK_CODES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO']);

function isDiskFault(thrown: unknown): boolean {
  return !(thrown instanceof AgentFault) && DISK_CODES.has(systemCodeOf(thrown) ?? '');
}

function unwritable(folder: string, cause: unknown): AgentFault {
  return new AgentFault('state_unwritable', `the state folder ${folder} can't be used (${systemCodeOf(cause) ?? messageOf(cause)})`, 'make it writable for the agent, with some free space, or choose another --state', { cause });
}
