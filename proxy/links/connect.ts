/** Opens a CONNECT stream to an endpoint on one of the links to its proxy. Nothing of an exchange is sent before its answer. */
import { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';
import { CODE, type StreamFault } from '../protocol/http2/codes.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import { HOP_MS_MAX } from '../sockets/limits.ts';
import type { Sockets } from '../sockets/sockets.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import { FAULT_CODES, type FaultCodeName, MESH_HEADERS } from '../wire/mesh.ts';
import type { EndpointLinks, LinkWaiter } from './endpoint-links.ts';
import type { Link } from './link.ts';
import { LinkStream } from './link-stream.ts';

/** What is said on a byte stream to an endpoint. */
export type ByteProtocol = 'http1' | 'http2' | 'opaque' | 'tls';

/** What a CONNECT says about itself. */
export interface ConnectFacts {
  /** The endpoint's address, `host:port`. */
  readonly target: string;
  readonly service: string;
  readonly workload: string;
  readonly protocol: ByteProtocol;
}

export interface ConnectOutcome {
  readonly opened: (stream: LinkStream) => void;
  readonly failed: (code: FaultCodeName) => void;
}

/** How often a CONNECT that its peer certainly didn't process is sent again: once for a link that retired just then, once more for its heir. */
const REPEATS_MAX = 2;

/** The fields of a CONNECT (RFC 9113 §8.5). */
export function connectFields(facts: ConnectFacts): FieldList {
  const fields = new FieldList();
  fields.addText(':method', 'CONNECT');
  fields.addText(':authority', facts.target);
  fields.addText(MESH_HEADERS.service, facts.service);
  fields.addText(MESH_HEADERS.workload, facts.workload);
  fields.addText(MESH_HEADERS.protocol, facts.protocol);
  return fields;
}

/** Opens it; tells `outcome` once, now or later. */
export function openConnect(sockets: Sockets, links: EndpointLinks, facts: ConnectFacts, outcome: ConnectOutcome): void {
  new ConnectOpening(sockets, links, connectFields(facts), outcome).start();
}

class ConnectOpening implements LinkWaiter, StreamEvents, TimerOwner {
  private readonly sockets: Sockets;
  private readonly links: EndpointLinks;
  private readonly fields: FieldList;
  private readonly outcome: ConnectOutcome;
  private readonly timer = new Timer(this);
  private repeats = REPEATS_MAX;
  private link: Link | null = null;
  private stream: Http2Stream | null = null;

  constructor(sockets: Sockets, links: EndpointLinks, fields: FieldList, outcome: ConnectOutcome) {
    this.sockets = sockets;
    this.links = links;
    this.fields = fields;
    this.outcome = outcome;
  }

  start(): void {
    const link = this.links.take();
    if (link === null) this.links.wait(this);
    else this.linked(link);
  }

  linked(link: Link): void {
    this.link = link;
    this.stream = link.open(this.fields, false, this);
    if (this.stream === null) this.links.wait(this);
    else this.sockets.arm(this.timer, HOP_MS_MAX);
  }

  failed(code: FaultCodeName): void {
    this.settle();
    this.outcome.failed(code);
  }

  head(fields: FieldList, end: boolean): void {
    const status = fields.status();
    const { link, stream } = this;
    if (status < 200 || link === null || stream === null) return;
    if (status < 300 && !end) {
      this.settle();
      return this.outcome.opened(new LinkStream(link, stream));
    }
    const code = fields.text(NAME['l5d-proxy-error']) ?? '';
    stream.reset(CODE.cancel);
    this.failed(Object.hasOwn(FAULT_CODES, code) ? (code as FaultCodeName) : 'hop-closed');
  }

  data(): void {}
  trailers(): void {}
  drained(): void {}

  reset(fault: StreamFault): void {
    this.settle();
    if (!fault.unprocessed || this.repeats === 0) return this.failed('connect-failed');
    this.repeats--;
    this.start();
  }

  expired(): void {
    this.stream?.reset(CODE.cancel);
    this.failed('connect-timeout');
  }

  private settle(): void {
    this.sockets.remove(this.timer);
    this.link = this.stream = null;
  }
}
