/** The links to one endpoint's proxy: at most LINKS_MAX, opened on demand, shared by all streams to it. */
import type { Credentials } from '../identity/credentials.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import { QUEUE_MAX } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import type { Identity } from '../wire/labels.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { SocketAddress } from '../wire/orders.ts';
import { LINKS_MAX, OLDER_VERSION_MS } from './limits.ts';
import type { Link, LinkOwner } from './link.ts';
import { LinkDial } from './link-dial.ts';

/** Where an endpoint's proxy listens, and who it must prove to be. */
export interface MeshAddress {
  readonly address: SocketAddress;
  readonly identity: Identity;
}

/** For tests of what happens at other numbers than the product's. */
export interface LinkLimits {
  /** LINKS_MAX if left out. */
  readonly linksMax?: number;
  /** OLDER_VERSION_MS if left out. */
  readonly olderVersionMs?: number;
}

/** What all links that this proxy opens share. */
export interface LinkParts {
  readonly sockets: Sockets;
  readonly recorder: Recorder;
  readonly credentials: Credentials;
  readonly trustDomain: () => string;
  /** The wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** A link takes no new streams any more: idle ones should end. */
  readonly retiring: () => void;
  readonly limits?: LinkLimits;
}

/** Somebody who needs a link with room. Told once. */
export interface LinkWaiter {
  /** Open your stream now. */
  linked(link: Link): void;
  /** There is none. `wire-version`: the other proxy speaks only an older version, see `older`. */
  failed(code: FaultCodeName): void;
}

export class EndpointLinks implements LinkOwner {
  readonly mesh: MeshAddress;
  private readonly parts: LinkParts;
  private readonly links: Link[] = [];
  private readonly waiters = new Set<LinkWaiter>();
  private dial: LinkDial | null = null;
  private olderUntilMs = -Infinity;

  constructor(parts: LinkParts, mesh: MeshAddress) {
    this.parts = parts;
    this.mesh = mesh;
  }

  /** The other proxy speaks only version 1 of the hop, as far as we know. */
  get older(): boolean {
    return this.nowMs() < this.olderUntilMs;
  }

  /** Nothing is kept here that would be missed. */
  get unused(): boolean {
    return this.links.length === 0 && this.waiters.size === 0 && this.dial === null && !this.older;
  }

  /** A link that takes a stream now, or null: then `wait`. One that bulk holds up is taken only when no other may be opened. */
  take(): Link | null {
    let second: Link | null = null;
    let open = 0;
    for (const link of this.links) {
      if (link.alive) open++;
      if (!link.usable) continue;
      if (!link.crowded) return link;
      if (second === null || link.streams < second.streams) second = link;
    }
    return open >= this.linksMax() ? second : null;
  }

  /** Waits for a link: one that is opened for it, or room on those that are. */
  wait(waiter: LinkWaiter): void {
    if (this.waiters.size >= QUEUE_MAX) return waiter.failed('queue-full');
    this.waiters.add(waiter);
    this.open();
  }

  cancel(waiter: LinkWaiter): void {
    this.waiters.delete(waiter);
  }

  /** Retires links under older leaves. */
  sweep(oldestGeneration: number): void {
    for (const link of [...this.links]) if (link.generation < oldestGeneration) link.retire();
  }

  /** Lets all links end once their streams have. */
  retire(): void {
    for (const link of [...this.links]) link.retire();
  }

  ready(): void {
    this.serve();
  }

  room(): void {
    this.serve();
  }

  retiring(): void {
    this.parts.retiring();
  }

  gone(link: Link): void {
    const at = this.links.indexOf(link);
    if (at >= 0) this.links.splice(at, 1);
    if (this.waiters.size > 0) this.open();
  }

  hasOther(link: Link): boolean {
    const open = this.links.filter((one) => one.alive);
    return open.length < this.linksMax() || open.some((one) => one !== link && !one.crowded);
  }

  /** A callee opens no streams towards its caller: the engine refuses them before they come here. */
  accept(_link: Link, stream: Http2Stream): StreamEvents {
    return stream.events;
  }

  private open(): void {
    if (this.dial !== null || this.links.filter((link) => link.alive).length >= this.linksMax()) return;
    const leaf = this.parts.credentials.current();
    if (leaf === null) return this.fail('no-certificate');
    this.dial = new LinkDial({
      parts: this.parts, mesh: this.mesh, leaf, owner: this,
      opened: (link) => {
        this.dial = null;
        this.links.push(link);
        this.serve();
      },
      older: () => {
        this.dial = null;
        this.olderUntilMs = this.nowMs() + (this.parts.limits?.olderVersionMs ?? OLDER_VERSION_MS);
        this.parts.recorder.refused('outbound', 'mesh-version');
        this.fail('wire-version');
      },
      failed: (code) => {
        this.dial = null;
        this.fail(code);
      },
    });
    this.dial.start();
  }

  /** Gives room to those who wait, in order. */
  private serve(): void {
    for (const waiter of this.waiters) {
      const link = this.take();
      if (link === null) return this.open();
      this.waiters.delete(waiter);
      waiter.linked(link);
    }
  }

  private fail(code: FaultCodeName): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) waiter.failed(code);
  }

  private linksMax(): number {
    return this.parts.limits?.linksMax ?? LINKS_MAX;
  }

  private nowMs(): number {
    return this.parts.sockets.nowUs() / 1_000;
  }
}
