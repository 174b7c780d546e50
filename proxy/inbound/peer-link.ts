/** The link that another proxy opened to this one: each CONNECT stream is admitted and served, each request stream handed on. */
import { retireAtMs } from '../links/expiry.ts';
import { PEER_IDLE_MS_MAX } from '../links/limits.ts';
import { Link, type LinkOwner } from '../links/link.ts';
import { LinkStream } from '../links/link-stream.ts';
import { authorize } from '../policy/authorize.ts';
import { ascii } from '../protocol/bytes.ts';
import { FieldList } from '../protocol/hpack/fields.ts';
import { NAME } from '../protocol/hpack/names.ts';
import type { StreamEvents } from '../protocol/http2/events.ts';
import type { Http2Stream } from '../protocol/http2/stream.ts';
import type { Connection } from '../sockets/connection.ts';
import type { Identity } from '../wire/labels.ts';
import { FAULT_CODES, type FaultCodeName, PROXY_ERROR_HEADER } from '../wire/mesh.ts';
import type { InboundContext, Verified } from './accept.ts';
import { NativeStreams } from './native-streams.ts';
import { type Admitted, type Serving, admitMesh, serveHttp, serveHttp2, serveOpaque } from './stack.ts';

const CONNECT = ascii('CONNECT');
const ESTABLISHED = new FieldList(16, 1);
ESTABLISHED.addText(':status', '200');
const NOTHING = new Uint8Array(0);

export class PeerLink implements LinkOwner, StreamEvents {
  readonly context: InboundContext;
  readonly peer: Verified;
  private readonly connection: Connection;
  private readonly link: Link;
  private readonly native: NativeStreams;
  /** The stream whose head is being told. */
  private arriving: Http2Stream | null = null;

  constructor(context: InboundContext, connection: Connection, peer: Verified, peerNotAfterMs: number) {
    this.context = context;
    this.peer = peer;
    this.connection = connection;
    const { sockets } = context.http;
    const leaf = context.leaf();
    this.native = new NativeStreams(context, peer);
    context.links.add(this);
    this.link = new Link({
      role: 'server', sockets, connection, owner: this, generation: leaf.generation, idleMsMax: PEER_IDLE_MS_MAX,
      retireAtMs: retireAtMs(sockets.nowUs() / 1_000, context.wallMs(), Math.min(leaf.notAfterMs, peerNotAfterMs)),
    });
  }

  /** What was read before the link was there. */
  received(bytes: Uint8Array): void {
    this.connection.events.received(bytes);
  }

  /** Asks the other proxy to open no more streams here, and to end its idle ones. */
  retire(): void {
    this.link.retire();
  }

  close(): void {
    this.native.stopping = true;
    this.link.close();
  }

  ready(): void {}
  room(): void {}
  retiring(): void {}

  gone(): void {
    this.context.links.delete(this);
    this.native.close();
  }

  hasOther(): boolean {
    return false;
  }

  /** Its head follows at once, so one object waits for the heads of all streams. */
  accept(_link: Link, stream: Http2Stream): StreamEvents {
    this.arriving = stream;
    return this;
  }

  head(fields: FieldList, end: boolean): void {
    const stream = this.arriving;
    if (stream === null) return;
    this.arriving = null;
    // A caller's own CONNECT names the target as every request stream does.
    if (fields.find(NAME['sidelight-target']) >= 0) this.native.serve(stream, fields, end, this.link.peerVersion > 0);
    else if (fields.valueIs(fields.find(NAME.method), CONNECT) && fields.find(NAME.protocol) < 0) this.connect(stream, fields, end);
    else this.refuse(stream, 'unknown-target', 'mesh-unknown-target');
  }

  // A stream is somebody else's once its head is read; what still comes for a refused one is dropped.
  data(): void {}
  trailers(): void {}
  reset(): void {}
  drained(): void {}

  private connect(stream: Http2Stream, fields: FieldList, end: boolean): void {
    const { context, peer } = this;
    if (end) return this.refuse(stream, 'bad-request', 'mesh-bad-connect');
    if (context.http.draining()) return answer(stream, 'draining');
    const admitted = admitMesh(context.admission(), {
      target: fields.text(NAME.authority) ?? '',
      understood: this.link.peerVersion > 0,
      service: fields.text(NAME['sidelight-service']),
      workload: fields.text(NAME['sidelight-workload']),
      protocol: fields.text(NAME['sidelight-protocol']),
      identity: peer.identity,
      namespace: peer.namespace,
    });
    switch (admitted.kind) {
      case 'refuse':
        return this.refuse(stream, admitted.code, admitted.reason);
      case 'serve':
        return this.serve(stream, admitted, peer.identity);
      default:
        admitted satisfies never;
    }
  }

  private serve(stream: Http2Stream, { target, source, service, protocol }: Extract<Admitted, { kind: 'serve' }>, identity: Identity): void {
    const { http, linkCallers, workload, admission } = this.context;
    const connection = new LinkStream(this.link, stream);
    const serving: Serving = { context: http, target, connection, source, service, destination: workload(), tls: 'mtls', peer: identity, callers: linkCallers, protocol };
    const established = (): void => stream.sendHead(ESTABLISHED, false);
    if (protocol === 'opaque' || protocol === 'tls') {
      return serveOpaque({ ...serving, fromCaller: () => NOTHING, established, failed: (code) => answer(stream, code) });
    }
    established();
    const allowed = (): boolean => authorize(admission().policy, identity).kind === 'allow';
    if (protocol === 'http2') serveHttp2(serving, allowed);
    else serveHttp(serving, allowed);
  }

  private refuse(stream: Http2Stream, code: FaultCodeName, reason: Parameters<InboundContext['http']['recorder']['refused']>[1]): void {
    this.context.http.recorder.refused('inbound', reason);
    answer(stream, code);
  }
}

/** Says why in words that the other proxy counts, and ends. */
function answer(stream: Http2Stream, code: FaultCodeName): void {
  const { status, message } = FAULT_CODES[code];
  const fields = new FieldList();
  fields.addText(':status', String(status));
  fields.addText(PROXY_ERROR_HEADER, code);
  fields.addText('content-type', 'text/plain');
  const body = ascii(`sidelight: ${message} (${code})\n`);
  stream.sendHead(fields, false);
  stream.sendData(body, 0, body.length, true);
}
