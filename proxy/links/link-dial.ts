/** Opens one link: TLS to the identity that the endpoint must prove, then HTTP/2 until the peer's first SETTINGS. */
import type { Leaf } from '../identity/credentials.ts';
import { verifyPeer } from '../policy/peer.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Connection } from '../sockets/connection.ts';
import { type DialFailure, dial } from '../sockets/dial.ts';
import { HOP_MS_MAX } from '../sockets/limits.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import { clientTls, notAfterMs, peerFacts } from '../sockets/tls.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { LinkParts, MeshAddress } from './endpoint-links.ts';
import { retireAtMs } from './expiry.ts';
import { LINK_IDLE_MS_MAX } from './limits.ts';
import { Link, type LinkOwner } from './link.ts';

export interface LinkDialOptions {
  readonly parts: LinkParts;
  readonly mesh: MeshAddress;
  readonly leaf: Leaf;
  /** Owns the link once it is open. */
  readonly owner: LinkOwner;
  readonly opened: (link: Link) => void;
  /** The other side answered in HTTP/1.1. */
  readonly older: () => void;
  readonly failed: (code: FaultCodeName) => void;
}

/** Tells one of its three outcomes once. Until then nothing of anybody's request is sent: in TLS 1.3 a handshake can succeed before the server refuses. */
export class LinkDial implements LinkOwner, TimerOwner {
  private readonly options: LinkDialOptions;
  private readonly timer = new Timer(this);
  private peerNotAfterMs = Infinity;
  private link: Link | null = null;
  private settled = false;

  constructor(options: LinkDialOptions) {
    this.options = options;
  }

  start(): void {
    const { parts, mesh, leaf } = this.options;
    dial({
      sockets: parts.sockets,
      address: mesh.address,
      tls: {
        options: clientTls(leaf, mesh.identity),
        verify: (socket, success) => {
          const peer = verifyPeer(peerFacts(socket, success), parts.trustDomain(), mesh.identity);
          if (peer.kind === 'verified') this.peerNotAfterMs = notAfterMs(socket);
          return peer;
        },
      },
      counted: (change) => parts.recorder.connection('outbound', 'dst', change, { tls: 'mtls', target: mesh.address, peer: mesh.identity }),
      connected: (connection) => this.connected(connection),
      failed: (failure) => {
        if (failure.kind === 'unverified') parts.recorder.refused('outbound', failure.reason);
        this.fail(codeOfDial(failure));
      },
    });
  }

  ready(link: Link): void {
    if (this.settled) return this.options.owner.room(link);
    if (link.peerVersion === 0) {
      this.fail('wire-version');
      return link.close();
    }
    this.settle();
    this.options.opened(link);
  }

  room(link: Link): void {
    if (this.settled) this.options.owner.room(link);
  }

  retiring(link: Link): void {
    if (this.settled) this.options.owner.retiring(link);
  }

  gone(link: Link): void {
    if (this.settled) return this.options.owner.gone(link);
    if (!link.answeredInHttp1) return this.fail('connect-failed');
    this.settle();
    this.options.older();
  }

  accept(link: Link, stream: Http2Stream): StreamEvents {
    return this.options.owner.accept(link, stream);
  }

  hasOther(link: Link): boolean {
    return this.options.owner.hasOther(link);
  }

  expired(): void {
    const { link } = this;
    this.fail('connect-timeout');
    link?.close();
  }

  private connected(connection: Connection): void {
    const { parts, leaf } = this.options;
    const nowMs = parts.sockets.nowUs() / 1_000;
    parts.sockets.arm(this.timer, HOP_MS_MAX);
    this.link = new Link({
      role: 'client', sockets: parts.sockets, connection, owner: this, generation: leaf.generation,
      retireAtMs: retireAtMs(nowMs, parts.wallMs(), Math.min(leaf.notAfterMs, this.peerNotAfterMs)), idleMsMax: LINK_IDLE_MS_MAX,
    });
  }

  private fail(code: FaultCodeName): void {
    if (this.settled) return;
    this.settle();
    this.options.failed(code);
  }

  private settle(): void {
    this.settled = true;
    this.options.parts.sockets.remove(this.timer);
  }
}

/** What a request is told of a dial that failed. */
export function codeOfDial(failure: DialFailure): FaultCodeName {
  switch (failure.kind) {
    case 'refused':
      return 'connect-failed';
    case 'timeout':
      return 'connect-timeout';
    case 'unverified':
      return 'identity-unverified';
    default:
      return failure satisfies never;
  }
}
