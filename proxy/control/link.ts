/**
 * The long-lived mTLS link to a control replica: hello, then orders, ticks, acknowledgements and anchors in, windows and
 * status out. When it breaks it is dialled again with back-off; whatever was in force stays so.
 */
import type { Credentials } from '../identity/credentials.ts';
import type { Log } from '../log.ts';
import type { WindowRing } from '../telemetry/window.ts';
import type { ServiceKey } from '../wire/labels.ts';
import { REDISCOVER_MS_MIN, STATUS_MS_MAX, type Endpoint, type FromControl, type ProxyOrders, type SocketAddress, type ToControl } from '../wire/orders.ts';
import type { TapReport, TapSession } from '../wire/tap.ts';
import { CONTROL_WIRE_VERSION } from '../wire/version.ts';
import { backoffMs, redialMs } from './backoff.ts';
import { decodeMessage } from './decode.ts';
import { Watches } from './watches.ts';
import type { Dial, LinkSocket } from './dial.ts';

/** From the open link to its welcome. */
export const WELCOME_MS_MAX = 5_000;
/** Ticks come all the time: a link that says nothing for so long, or for three ticks, is dead. */
export const SILENCE_MS_MAX = 30_000;
const SILENCE_TICKS_MAX = 3;
/** A link that held so long was a good one, and the next back-off begins small again. */
const GOOD_LINK_MS = 5_000;
/** Silence, status and retirement are looked at this often. */
const PULSE_MS = 500;
/** A link retires when this share of its leaf's time is left. */
const RETIRE_SHARE = 0.1;

export type StatusFacts = Omit<Extract<ToControl, { kind: 'status' }>, 'kind'>;
export type HelloFacts = Omit<Extract<ToControl, { kind: 'hello' }>, 'kind' | 'version'>;

export interface LinkParts {
  readonly dial: Dial;
  readonly address: SocketAddress;
  readonly serverIdentity: string;
  readonly hello: HelloFacts;
  readonly credentials: Credentials;
  /** Anchors in force for the control plane, PEM. */
  readonly trustBundle: () => string;
  readonly ring: WindowRing;
  readonly onOrders: (orders: ProxyOrders) => void;
  readonly onBundle: (trustBundle: string) => void;
  readonly onRenew: (withinMs: number) => void;
  readonly onTap: (sessions: readonly TapSession[]) => void;
  /** After each change of what the window clock goes by: a tick, the link up or down. */
  readonly onClock: () => void;
  readonly status: () => StatusFacts;
  /** Monotonic and wall-clock ms. */
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly log: Log;
}

/** One dialled connection. */
interface Current {
  readonly handle: { close(): void };
  socket: LinkSocket | null;
  readonly dialledMs: number;
  readonly retireMs: number;
  welcomed: boolean;
  takesRediscover: boolean;
  /** This proxy ends it only to dial anew. */
  retiring: boolean;
  heardMs: number;
  /** Windows up to this sequence were sent on this connection. */
  sentSequence: number;
  sentStatus: string;
  sentStatusMs: number;
}

export class ControlLink {
  readonly #parts: LinkParts;
  #current: Current | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pulse: ReturnType<typeof setInterval> | undefined;
  #unsubscribe: () => void = () => undefined;
  #stopped = false;
  #failures = 0;
  #rediscoveredMs = -Infinity;
  /** Endpoints with another identity that the control plane was told of. */
  rediscoveries = 0;
  /** Connections that were welcomed, messages of unknown kinds and messages not as agreed, since the start. */
  connects = 0;
  unknownMessages = 0;
  badMessages = 0;
  /** What the data path asks over this link. */
  readonly watches = new Watches((message) => this.#current?.socket?.send(JSON.stringify(message satisfies ToControl)));

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** True between the welcome and the end of a connection. */
  get linked(): boolean {
    return this.#current?.welcomed === true;
  }

  /** Begins; without a leaf it waits for one. */
  start(): void {
    this.#unsubscribe = this.#parts.credentials.subscribe(() => this.#onCredentials());
    this.#pulse = setInterval(() => this.#beat(), PULSE_MS);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    this.#current?.handle.close();
  }

  /** Sends the windows that this connection didn't carry yet, in order. */
  sendWindows(): void {
    const current = this.#current;
    if (current?.socket === null || current?.welcomed !== true) return;
    for (const { sequence, message } of this.#parts.ring.sendable(current.sentSequence)) {
      current.sentSequence = sequence;
      current.socket.send(message);
    }
  }

  /** Asks whether an endpoint is still there that proved another identity. False: not now, or not yet again. */
  rediscover(service: ServiceKey, port: number, { address, mesh }: Endpoint): boolean {
    const current = this.#current;
    const nowMs = this.#parts.nowMs();
    if (current?.socket == null || !current.takesRediscover || nowMs - this.#rediscoveredMs < REDISCOVER_MS_MIN) return false;
    this.#rediscoveredMs = nowMs;
    this.rediscoveries += 1;
    current.socket.send(JSON.stringify({ kind: 'rediscover', service, port, address: mesh?.address ?? address, identity: mesh?.identity ?? '' } satisfies ToControl));
    return true;
  }

  /** Tells what tap sessions have seen; without a link nobody wants to know. */
  sendTap(reports: readonly TapReport[]): void {
    if (this.linked && reports.length > 0) this.#current?.socket?.send(JSON.stringify({ kind: 'tap', reports } satisfies ToControl));
  }

  /** Says that no further window comes. */
  goodbye(): void {
    if (this.linked) this.#current?.socket?.send(JSON.stringify({ kind: 'goodbye', sequence: this.#parts.ring.sequence } satisfies ToControl));
  }

  /** Sends the status when it isn't what this connection was told last, or was told long ago. */
  sendStatus(): void {
    const current = this.#current;
    if (current?.welcomed !== true) return;
    const text = JSON.stringify({ kind: 'status', ...this.#parts.status() } satisfies ToControl);
    const now = this.#parts.nowMs();
    // Looked at every pulse, so what is due at the next one is due now.
    if (text === current.sentStatus && now - current.sentStatusMs < STATUS_MS_MAX - PULSE_MS) return;
    current.sentStatus = text;
    current.sentStatusMs = now;
    current.socket?.send(text);
  }

  #onCredentials(): void {
    if (this.#current === null && this.#timer === undefined) this.#connect();
    this.sendStatus();
  }

  #connect(): void {
    this.#timer = undefined;
    const { credentials, dial, address, serverIdentity, trustBundle, nowMs, wallMs, random } = this.#parts;
    const leaf = credentials.current();
    if (leaf === null || this.#stopped) return;
    const leafMs = (leaf.notAfterMs - wallMs()) * (1 - RETIRE_SHARE);
    const current: Current = {
      handle: { close: () => dialled.close() },
      socket: null,
      dialledMs: nowMs(),
      retireMs: nowMs() + Math.min(redialMs(random), leafMs),
      welcomed: false,
      takesRediscover: false,
      retiring: false,
      heardMs: nowMs(),
      sentSequence: 0,
      sentStatus: '',
      sentStatusMs: 0,
    };
    this.#current = current;
    const dialled = dial(
      { address, serverIdentity, trustBundle: trustBundle(), client: leaf },
      {
        opened: (socket) => this.#opened(current, socket),
        message: (json) => this.#message(current, json),
        closed: (reason) => this.#closed(current, reason),
      },
    );
  }

  #opened(current: Current, socket: LinkSocket): void {
    current.socket = socket;
    current.heardMs = this.#parts.nowMs();
    socket.send(JSON.stringify({ kind: 'hello', version: CONTROL_WIRE_VERSION, ...this.#parts.hello } satisfies ToControl));
  }

  #closed(current: Current, reason: string): void {
    if (this.#current !== current) return;
    this.#current = null;
    this.watches.end();
    const { nowMs, random, log, onClock } = this.#parts;
    const livedMs = nowMs() - current.dialledMs;
    this.#failures = current.welcomed && livedMs > GOOD_LINK_MS ? 1 : this.#failures + 1;
    onClock();
    if (this.#stopped) return;
    const delayMs = backoffMs(this.#failures, random);
    log(current.retiring ? 'debug' : 'warn', 'control link down, the last orders stay in force', { code: 'link_down', reason, againInMs: Math.round(delayMs) });
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #message(current: Current, json: string): void {
    if (this.#current !== current) return;
    current.heardMs = this.#parts.nowMs();
    const decoded = decodeMessage(json);
    switch (decoded.kind) {
      case 'message':
        return this.#take(current, decoded.message);
      case 'unknown':
        this.unknownMessages += 1;
        return this.#parts.log('debug', 'message of an unknown kind left out', { name: decoded.name });
      case 'invalid':
        this.badMessages += 1;
        return this.#parts.log('error', 'message of the control plane left out', { code: 'bad_message', reason: decoded.reason });
      default:
        return decoded satisfies never;
    }
  }

  #take(current: Current, message: FromControl): void {
    const { ring, nowMs, log, onOrders, onBundle, onRenew, onClock } = this.#parts;
    switch (message.kind) {
      case 'welcome':
        current.takesRediscover = message.takesRediscover === true;
        return this.#welcomed(current);
      case 'orders':
        onOrders(message.orders);
        // An older control plane would take the question for a fault; one that answers says so in its orders.
        if (message.orders.transparent?.discovery === true) this.watches.begin();
        else this.watches.end();
        return this.sendStatus();
      case 'tick':
        ring.announce(message.tick, message.tickMs, message.elapsedMs, nowMs());
        onClock();
        return this.sendWindows();
      case 'acknowledge':
        return ring.acknowledge(message.sequence);
      case 'bundle':
        onBundle(message.trustBundle);
        return this.sendStatus();
      case 'tap':
        return this.#parts.onTap(message.sessions);
      case 'renew':
        return onRenew(message.withinMs);
      case 'resolved':
        return this.watches.resolved(message.address, message.destination);
      case 'refused':
        log('error', 'the control plane refused this proxy', { code: message.code, reason: message.message });
        return current.handle.close();
      case 'certified':
        this.badMessages += 1;
        return log('warn', 'a certificate came on a link that asked for none', { code: 'bad_message' });
      default:
        return message satisfies never;
    }
  }

  #welcomed(current: Current): void {
    if (current.welcomed) return;
    current.welcomed = true;
    this.connects += 1;
    this.#parts.log('info', 'control link up');
    this.#parts.onClock();
    this.sendStatus();
    this.sendWindows();
  }

  #beat(): void {
    const current = this.#current;
    if (current === null) return;
    const now = this.#parts.nowMs();
    const silenceMs = Math.max(SILENCE_MS_MAX, SILENCE_TICKS_MAX * (this.#parts.ring.anchor?.tickMs ?? 0));
    if (current.socket !== null && !current.welcomed && now - current.heardMs > WELCOME_MS_MAX) current.handle.close();
    else if (current.welcomed && now - current.heardMs > silenceMs) current.handle.close();
    else if (current.welcomed && now > current.retireMs) this.#retire(current);
    else this.sendStatus();
  }

  #retire(current: Current): void {
    current.retiring = true;
    current.handle.close();
  }
}
