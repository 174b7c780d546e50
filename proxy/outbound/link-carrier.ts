/** Request streams to one endpoint over the links to its proxy: each says for which target and service it is. */
import { FieldList } from '../protocol/hpack/fields.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { Carrier, CarrierWaiter, Opened } from '../http/streams-route.ts';
import type { ConnectFacts } from '../links/connect.ts';
import type { LinkDirectory } from '../links/directory.ts';
import type { LinkWaiter, MeshAddress } from '../links/endpoint-links.ts';
import type { Link } from '../links/link.ts';
import { linkKey } from '../links/directory.ts';
import { type FaultCodeName, MESH_HEADERS } from '../wire/mesh.ts';

export class LinkCarrier implements Carrier, Opened {
  readonly mesh = true;
  /** The proxy at the other end passes it on, or answers that its app doesn't take it. */
  readonly extendedConnect = true;
  private readonly directory: LinkDirectory;
  private readonly address: MeshAddress;
  private readonly key: string;
  private readonly marks: FieldList;
  private readonly waiting = new Map<CarrierWaiter, Waiting>();
  /** The link that a stream is opened on just now. */
  private link: Link | null = null;

  constructor(directory: LinkDirectory, address: MeshAddress, facts: Omit<ConnectFacts, 'protocol'>) {
    this.directory = directory;
    this.address = address;
    this.key = linkKey(address);
    this.marks = new FieldList();
    this.marks.addText(MESH_HEADERS.target, facts.target);
    this.marks.addText(MESH_HEADERS.service, facts.service);
    this.marks.addText(MESH_HEADERS.workload, facts.workload);
    this.marks.addText(MESH_HEADERS.protocol, 'http2');
  }

  open(waiter: CarrierWaiter): void {
    const links = this.directory.of(this.address, this.key);
    // A proxy of before can't carry streams, and whoever knows `http2` orders is none: this is a moment of an upgrade.
    if (links.older) return waiter.uncarried('wire-version');
    const link = links.take();
    if (link !== null) return this.carry(waiter, link);
    const waiting = new Waiting(this, waiter);
    this.waiting.set(waiter, waiting);
    links.wait(waiting);
  }

  cancel(waiter: CarrierWaiter): void {
    const waiting = this.waiting.get(waiter);
    if (waiting === undefined) return;
    this.waiting.delete(waiter);
    this.directory.of(this.address, this.key).cancel(waiting);
  }

  openStream(head: FieldList, end: boolean, events: StreamEvents): Http2Stream | null {
    return this.link?.open(head, end, events) ?? null;
  }

  mark(head: FieldList): void {
    for (let index = 0; index < this.marks.count; index++) head.addFrom(this.marks, index);
  }

  /** A link for somebody who waited. */
  linked(waiter: CarrierWaiter, link: Link): void {
    this.waiting.delete(waiter);
    this.carry(waiter, link);
  }

  failed(waiter: CarrierWaiter, code: FaultCodeName): void {
    this.waiting.delete(waiter);
    waiter.uncarried(code);
  }

  private carry(waiter: CarrierWaiter, link: Link): void {
    this.link = link;
    waiter.carried(this);
    this.link = null;
  }
}

class Waiting implements LinkWaiter {
  private readonly carrier: LinkCarrier;
  private readonly waiter: CarrierWaiter;

  constructor(carrier: LinkCarrier, waiter: CarrierWaiter) {
    this.carrier = carrier;
    this.waiter = waiter;
  }

  linked(link: Link): void {
    this.carrier.linked(this.waiter, link);
  }

  failed(code: FaultCodeName): void {
    this.carrier.failed(this.waiter, code);
  }
}
