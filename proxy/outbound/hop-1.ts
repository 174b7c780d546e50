/**
 * Opens one hop of version 1 to another proxy, for those that don't know links yet: a TLS connection of its own, then the
 * CONNECT of HTTP/1.1.
 */
import type { Leaf } from '../identity/credentials.ts';
import { verifyPeer } from '../policy/peer.ts';
import { ProtocolError } from '../protocol/error.ts';
import type { Head } from '../protocol/http1/head.ts';
import { MessageReader } from '../protocol/http1/reader.ts';
import { wholeMessage } from '../protocol/http1/writer.ts';
import type { MessageSink } from '../protocol/sink.ts';
import { codeOfDial } from '../links/link-dial.ts';
import type { ConnectFacts } from '../links/connect.ts';
import type { MeshAddress } from '../links/endpoint-links.ts';
import type { Connection } from '../sockets/connection.ts';
import { dial } from '../sockets/dial.ts';
import { HOP_MS_MAX } from '../sockets/limits.ts';
import type { StreamEvents } from '../sockets/stream.ts';
import { Timer, type TimerOwner } from '../sockets/timer-wheel.ts';
import { clientTls, peerFacts } from '../sockets/tls.ts';
import { FAULT_CODES, type FaultCodeName, MESH_HEADERS } from '../wire/mesh.ts';
import { MESH_WIRE_VERSION_1 } from '../wire/version.ts';
import type { HopContext, Opening } from './hop.ts';

/** The CONNECT for an endpoint of a service. */
export function connectRequest({ target, service, workload, protocol }: ConnectFacts): Uint8Array {
  return wholeMessage(
    `CONNECT ${target} HTTP/1.1`,
    [
      ['host', target],
      [MESH_HEADERS.version, String(MESH_WIRE_VERSION_1)],
      [MESH_HEADERS.service, service],
      [MESH_HEADERS.workload, workload],
      [MESH_HEADERS.protocol, protocol],
    ],
    null,
  );
}

/** Tells `opening` once. */
export function openHop1(context: HopContext, mesh: MeshAddress, facts: ConnectFacts, opening: Opening): void {
  const leaf = context.credentials.current();
  if (leaf === null) return opening.failed('no-certificate');
  dial({
    sockets: context.sockets,
    address: mesh.address,
    tls: {
      options: clientTls(leaf, mesh.identity),
      verify: (socket, success) => verifyPeer(peerFacts(socket, success), context.trustDomain, mesh.identity),
    },
    counted: (change) => context.recorder.connection('outbound', 'dst', change, { tls: 'mtls', target: mesh.address, peer: mesh.identity }),
    connected: (connection) => new HopOpening(context, connection, leaf, opening).send(connectRequest(facts)),
    failed: (failure) => {
      if (failure.kind === 'unverified') context.recorder.refused('outbound', failure.reason);
      opening.failed(codeOfDial(failure));
    },
  });
}

/** Waits for the answer to the CONNECT; until then nothing of an exchange is sent. */
class HopOpening implements StreamEvents, MessageSink<Head>, TimerOwner {
  private readonly context: HopContext;
  private readonly connection: Connection;
  private readonly leaf: Leaf;
  private readonly opening: Opening;
  private readonly timer = new Timer(this);
  private readonly reader = new MessageReader({ kind: 'response', stripMesh: false }, this);
  private refusal: FaultCodeName | null = null;

  constructor(context: HopContext, connection: Connection, leaf: Leaf, opening: Opening) {
    this.context = context;
    this.connection = connection;
    this.leaf = leaf;
    this.opening = opening;
  }

  send(connect: Uint8Array): void {
    this.connection.events = this;
    this.reader.expect('CONNECT', false);
    this.connection.write(connect, 0, connect.length);
    this.context.sockets.arm(this.timer, HOP_MS_MAX);
  }

  received(bytes: Uint8Array): void {
    try {
      const at = this.reader.push(bytes, 0, bytes.length);
      if (this.refusal !== null) this.fail(this.refusal);
      else if (this.reader.current === 'tunnel') this.succeed(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail('hop-closed');
    }
  }

  head(head: Head): void {
    if (head.framing === 'tunnel' || head.status < 200) return;
    const code = head.proxyError() ?? '';
    this.refusal = Object.hasOwn(FAULT_CODES, code) ? (code as FaultCodeName) : 'hop-closed';
  }

  data(): void {}
  framing(): void {}
  trailers(): void {}
  end(): void {}
  congested(): void {}
  drained(): void {}

  ended(): void {
    this.fail('connect-failed');
  }

  closed(): void {
    this.fail('connect-failed');
  }

  expired(): void {
    this.fail('connect-timeout');
  }

  private succeed(rest: Uint8Array): void {
    this.context.sockets.remove(this.timer);
    this.opening.opened(this.connection, rest, this.leaf.generation);
  }

  private fail(code: FaultCodeName): void {
    this.context.sockets.remove(this.timer);
    this.connection.close();
    this.opening.failed(code);
  }
}
