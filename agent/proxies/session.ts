/** What a proxy's messages mean: certify for anyone with a token, everything else only after a hello that proves who it is. */
import type { KeyObject } from 'node:crypto';
import type { Identity, WorkloadKey } from '../../proxy/wire/labels.ts';
import { OTHER } from '../../proxy/wire/report.ts';
import type { EdgeRow, ProxyWindow } from '../../proxy/wire/report.ts';
import type { Destination, FromControl, ProxyOrders, SocketAddress, ToControl } from '../../proxy/wire/orders.ts';
import { CONTROL_WIRE_VERSION } from '../../proxy/wire/version.ts';
import type { Metrics } from '../admin/metrics.ts';
import { AgentFault, messageOf } from '../fault.ts';
import { expectedIdentity, type MeshWorkload } from '../inventory/inventory.ts';
import type { Leaf } from '../issuer/authority.ts';
import { readCsr } from '../issuer/csr.ts';
import { bundleFingerprint } from '../issuer/fingerprint.ts';
import type { Log } from '../log.ts';
import type { TakeResult } from '../uplink/sealer.ts';
import type { Absences, Missing } from './absences.ts';
import type { Link } from './link.ts';
import type { Taps } from './taps.ts';
import { Watched } from './watched.ts';

/** A window may take so long from its end to here, and at most this share of its length. */
const ON_ITS_WAY_MS = 1_000;
const ON_ITS_WAY_SHARE = 0.2;

/** What the sessions need of the rest of the agent. */
export interface ControlParts {
  readonly workload: (key: WorkloadKey) => MeshWorkload | null;
  readonly orders: (workload: WorkloadKey, instanceName: string) => ProxyOrders | null;
  /** Where an address leads. */
  readonly destination: (address: SocketAddress) => Destination;
  /** Whether a token entitles to an identity of a workload. Rejects with an `AgentFault` when that can't be told now. */
  readonly prove: (workload: WorkloadKey, token: string) => Promise<Proof>;
  readonly issue: (publicKey: KeyObject, identity: Identity) => Leaf;
  /** PEM. */
  readonly trustBundle: () => string;
  readonly take: (window: ProxyWindow) => TakeResult;
  readonly sealedOf: (instance: string) => number;
  /** Highest sequence taken of an instance; 0 for none. */
  readonly takenOf: (instance: string) => number;
  readonly absences: Absences;
  /** An instance's process took leave, and waits until its windows are durable. */
  readonly leave: (instance: string) => void;
  readonly taps: Taps;
  readonly tick: () => Extract<FromControl, { kind: 'tick' }>;
  /** The wall clock that certificates are checked by. */
  readonly wallMs: () => number;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What a token proves; the reason is for its owner, and names nothing that a stranger doesn't know. */
export type Proof = { readonly kind: 'proved'; readonly identity: Identity } | { readonly kind: 'refused'; readonly reason: string };

/** A proxy that has said hello. */
export interface LiveProxy {
  readonly instance: string;
  readonly name: string;
  readonly workload: WorkloadKey;
  readonly identity: Identity;
  readonly version: string;
  readonly ready: boolean;
  readonly certificateNotAfter: string | null;
}

/** What a proxy said last about its trust; null where it said nothing. */
export interface ToldTrust {
  readonly bundleSha256: string | null;
  readonly anchorSha256: string | null;
}

export class Session {
  readonly link: Link;
  readonly #parts: ControlParts;
  readonly #onChange: (session: Session) => void;
  #proxy: LiveProxy | null = null;
  #trust: ToldTrust = { bundleSha256: null, anchorSha256: null };
  #sentRevision = 0;
  /** The proxy was told of tap sessions. */
  #tapped = false;
  readonly #watched = new Watched((address) => this.#parts.destination(address));
  /** A token is being looked at. */
  #certifying = false;
  #newestTick = 0;
  /** The last sequence of a process that said goodbye. */
  #lastSequence: number | null = null;

  /** `onChange` is called when the proxy is admitted and when its state changes. */
  constructor(link: Link, parts: ControlParts, onChange: (session: Session) => void) {
    this.link = link;
    this.#parts = parts;
    this.#onChange = onChange;
  }

  /** Null until hello. */
  get proxy(): LiveProxy | null {
    return this.#proxy;
  }

  get trust(): ToldTrust {
    return this.#trust;
  }

  handle(message: ToControl): void {
    switch (message.kind) {
      case 'certify':
        return this.#certify(message);
      case 'hello':
        return this.#hello(message);
      case 'window':
        return this.#window(message.window);
      case 'status':
        return this.#status(message);
      case 'resolve':
        return this.#resolve(message.address);
      case 'forget':
        this.#watched.forget(message.address);
        return;
      case 'goodbye':
        if (!this.#proxy) return this.refuse('message_unexpected', 'goodbye comes after hello');
        this.#lastSequence = message.sequence;
        return this.#parts.leave(this.#proxy.instance);
      case 'tap':
        if (!this.#proxy) return this.refuse('message_unexpected', 'tap comes after hello');
        return this.#parts.taps.take(this.#proxy, message.reports, this.#parts.wallMs());
      case 'rediscover':
        return this.#rediscover(message);
      default:
        return message satisfies never;
    }
  }

  /** Sends the orders unless the proxy has them; refuses a proxy that left the mesh. */
  pushOrders(): void {
    const proxy = this.#proxy;
    if (!proxy) return;
    const orders = this.#parts.orders(proxy.workload, proxy.name);
    const workload = this.#parts.workload(proxy.workload);
    if (!orders || workload === null || expectedIdentity(workload, proxy.name) !== proxy.identity) return this.refuse('instance_unknown', `${proxy.name} of ${proxy.workload} is not in the mesh any more`);
    if (orders.revision === this.#sentRevision) return;
    this.#sentRevision = orders.revision;
    this.#parts.metrics.add('orders_sent_total');
    this.link.send({ kind: 'orders', orders });
  }

  /** Tells where watched addresses lead now, those that changed. */
  pushDestinations(): void {
    for (const { address, destination } of this.#watched.changed()) this.link.send({ kind: 'resolved', address, destination });
  }

  /** Tells of the tap sessions, where there are any or were any. */
  pushTaps(): void {
    const { taps, wallMs } = this.#parts;
    const sessions = this.#proxy ? taps.of(this.#proxy.workload, wallMs()) : [];
    if (sessions.length > 0 || this.#tapped) this.link.send({ kind: 'tap', sessions });
    this.#tapped = sessions.length > 0;
  }

  /** Sends the trust anchors in force. */
  pushBundle(): void {
    this.#parts.metrics.add('bundles_sent_total');
    this.link.send({ kind: 'bundle', trustBundle: this.#parts.trustBundle() });
  }

  /** The link is over, and no other link of the process has taken its place: what of its windows is still out? */
  ended(): void {
    if (!this.#proxy) return;
    const { absences, takenOf } = this.#parts;
    const { instance } = this.#proxy;
    if (this.#lastSequence === null) absences.left(instance, this.#missing());
    else absences.parted(instance, Math.max(0, this.#lastSequence - takenOf(instance)));
  }

  #resolve(address: SocketAddress): void {
    if (!this.#proxy) return this.refuse('message_unexpected', 'resolve comes after hello');
    const destination = this.#watched.watch(address);
    this.#parts.metrics.add(destination === null ? 'resolutions_refused_total' : 'resolutions_total');
    if (destination !== null) this.link.send({ kind: 'resolved', address, destination });
  }

  refuse(code: string, message: string): void {
    const { metrics, log } = this.#parts;
    metrics.add('control_refused_total');
    log('warn', 'control connection refused', { code, reason: message, peer: this.link.socket.remoteAddress, instance: this.#proxy?.instance });
    this.link.refuse(code, message);
  }

  #certify(asked: Extract<ToControl, { kind: 'certify' }>): void {
    if (!this.#speaks(asked.version)) return;
    // Each may cost a question to somebody else.
    if (this.#certifying) return this.refuse('message_unexpected', 'certify was asked for already and is not answered yet');
    this.#certifying = true;
    void this.#parts.prove(asked.workload, asked.token)
      .then((proof) => this.#answer(proof, asked))
      .catch((thrown: unknown) => this.refuse(thrown instanceof AgentFault ? thrown.code : 'agent_failed', messageOf(thrown)))
      .finally(() => void (this.#certifying = false));
  }

  #answer(proof: Proof, { workload, csr }: Extract<ToControl, { kind: 'certify' }>): void {
    const { issue, trustBundle, metrics, log } = this.#parts;
    if (proof.kind === 'refused') return this.refuse('token_invalid', proof.reason);
    const request = readCsr(Buffer.from(csr, 'base64'));
    if (request.kind === 'refused') return this.refuse('csr_invalid', request.reason);
    const { identity } = proof;
    const leaf = issue(request.key, identity);
    metrics.add('certificates_issued_total');
    const notAfter = new Date(leaf.notAfterMs).toISOString();
    log('info', 'certificate issued', { workload, identity, notAfter });
    this.link.send({ kind: 'certified', certificateChain: leaf.certificatePem, trustBundle: trustBundle(), notAfter });
  }

  #hello({ version, proxyVersion, workload: key, instanceName, instance }: Extract<ToControl, { kind: 'hello' }>): void {
    const { workload, orders, sealedOf, tick, log } = this.#parts;
    if (!this.#speaks(version)) return;
    if (this.#proxy) return this.refuse('message_unexpected', 'hello was said already');
    const peer = peerOf(this.link, this.#parts.wallMs());
    if (peer.kind === 'refused') return this.refuse('certificate_required', peer.reason);
    const owner = workload(key);
    if (owner === null || expectedIdentity(owner, instanceName) !== peer.identity) return this.refuse('identity_mismatch', `the certificate is for ${peer.identity}, which is not the identity of a workload ${key}`);
    if (!orders(key, instanceName)) return this.refuse('instance_unknown', `the mesh file has no instance ${instanceName} with a sidecar in ${key}`);
    const state = { ready: false, certificateNotAfter: new Date(peer.notAfterMs).toISOString() };
    this.#proxy = { instance, name: instanceName, workload: key, identity: peer.identity, version: proxyVersion, ...state };
    this.link.admitted = true;
    this.link.endsAtMs = peer.notAfterMs;
    this.link.send({ kind: 'welcome', version: CONTROL_WIRE_VERSION, takesRediscover: true });
    const sealed = sealedOf(instance);
    if (sealed > 0) this.link.send({ kind: 'acknowledge', sequence: sealed });
    this.pushOrders();
    this.link.send(tick());
    this.pushTaps();
    this.#parts.absences.joined({ instance, workload: key, name: instanceName });
    log('info', 'proxy connected', { workload: key, name: instanceName, instance, version: proxyVersion });
    this.#onChange(this);
  }

  #window(window: ProxyWindow): void {
    const { take, sealedOf, metrics } = this.#parts;
    if (window.instance !== this.#proxy?.instance) return this.refuse('message_unexpected', 'a window is only taken from the instance that said hello');
    const result = take(this.#ownRows(window, this.#proxy.workload));
    switch (result) {
      case 'taken':
        this.#newestTick = Math.max(this.#newestTick, window.tick);
        return;
      case 'duplicate':
        if (window.sequence <= sealedOf(window.instance)) this.link.send({ kind: 'acknowledge', sequence: sealedOf(window.instance) });
        return;
      case 'overloaded':
        metrics.add('control_refused_total');
        return this.link.refuse('overloaded', 'too many windows wait for the disk; send them again later');
      default:
        return result satisfies never;
    }
  }

  /** Either the orders are older than the world, or somebody else has the endpoint's address: a person should know which. */
  #rediscover({ service, port, address, identity }: Extract<ToControl, { kind: 'rediscover' }>): void {
    if (!this.#proxy) return this.refuse('message_unexpected', 'rediscover comes after hello');
    const { metrics, log } = this.#parts;
    metrics.add('rediscoveries_total');
    log('warn', 'an endpoint proved another identity than the mesh expects there', { code: 'endpoint_identity_mismatch', service, port, address, identity, caller: this.#proxy.workload, instance: this.#proxy.name });
    this.#sentRevision = 0;
    this.pushOrders();
  }

  /** A proxy tells of its own workload only: its calls and the calls that it got. */
  #ownRows(window: ProxyWindow, workload: WorkloadKey): ProxyWindow {
    const isOwn = ({ direction, source, destination }: EdgeRow): boolean =>
      direction === 'outbound' ? source === workload || source === OTHER : destination === workload || destination === '' || destination === OTHER;
    const edges = window.edges.filter(isOwn);
    if (edges.length === window.edges.length) return window;
    const foreign = window.edges.length - edges.length;
    this.#parts.metrics.add('rows_foreign_total', foreign);
    this.#parts.log('warn', 'rows of other workloads left out', { code: 'rows_foreign', workload, instance: window.instance, rows: foreign });
    return { ...window, edges };
  }

  #status({ ready, certificateNotAfter, bundleSha256, anchorSha256 }: Extract<ToControl, { kind: 'status' }>): void {
    if (!this.#proxy) return this.refuse('message_unexpected', 'status comes after hello');
    this.#trust = { bundleSha256: bundleSha256 ?? null, anchorSha256: anchorSha256 ?? null };
    // It was away when the anchors changed, or a certificate of before overtook the message.
    if (bundleSha256 && bundleSha256 !== bundleFingerprint(this.#parts.trustBundle())) this.pushBundle();
    if (this.#proxy.ready === ready && this.#proxy.certificateNotAfter === certificateNotAfter) return;
    this.#proxy = { ...this.#proxy, ready, certificateNotAfter };
    this.#onChange(this);
  }

  /**
   * A linked proxy sends a window as soon as its tick is over, and a link that its own machine closes is the end of its
   * process. A silent one, or one that this side cut, may go on counting.
   */
  #missing(): Missing {
    const { tick, tickMs, elapsedMs } = this.#parts.tick();
    const onItsWay = elapsedMs < Math.min(ON_ITS_WAY_MS, tickMs * ON_ITS_WAY_SHARE);
    const heard = tick - Math.floor(this.link.silentMs / tickMs) - (onItsWay ? 1 : 0);
    const goesOn = this.link.endedHere;
    return { from: Math.max(this.#newestTick + 1, goesOn ? heard : onItsWay ? tick - 1 : tick), to: goesOn ? null : tick };
  }

  #speaks(version: number): boolean {
    if (version === CONTROL_WIRE_VERSION) return true;
    this.refuse('wire_version', `this control plane speaks version ${CONTROL_WIRE_VERSION} of the control link, the proxy ${version}; upgrade the older of them`);
    return false;
  }
}

type Peer = { readonly kind: 'peer'; readonly identity: Identity; readonly notAfterMs: number } | { readonly kind: 'refused'; readonly reason: string };

/** The verified identity of a link's client: authorized by our authority, in time, with exactly one name. */
function peerOf({ socket }: Link, nowMs: number): Peer {
  const certificate = socket.getPeerCertificate();
  if (!certificate?.raw) return { kind: 'refused', reason: 'hello needs a client certificate; certify first' };
  if (!socket.authorized) return { kind: 'refused', reason: `the client certificate is not valid here (${String(socket.authorizationError)})` };
  const notAfterMs = Date.parse(certificate.valid_to);
  if (!(notAfterMs > nowMs)) return { kind: 'refused', reason: 'the client certificate has expired' };
  const match = /^DNS:([^,*"\s]+)$/.exec(certificate.subjectaltname ?? '');
  if (!match?.[1]) return { kind: 'refused', reason: 'the client certificate must have exactly one name' };
  return { kind: 'peer', identity: match[1], notAfterMs };
}
