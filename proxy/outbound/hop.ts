/** Opens a byte stream to an endpoint: a stream of a mesh link, a hop of version 1, or straight to the app where there is no proxy. */
import type { Credentials } from '../identity/credentials.ts';
import { type ConnectFacts, openConnect } from '../links/connect.ts';
import type { LinkDirectory } from '../links/directory.ts';
import type { MeshAddress } from '../links/endpoint-links.ts';
import { codeOfDial } from '../links/link-dial.ts';
import { dial } from '../sockets/dial.ts';
import type { Sockets } from '../sockets/sockets.ts';
import type { ByteStream } from '../sockets/stream.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import type { WorkloadKey } from '../wire/labels.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { Endpoint, SocketAddress } from '../wire/orders.ts';
import { openHop1 } from './hop-1.ts';

/** What every hop of this proxy needs. */
export interface HopContext {
  readonly sockets: Sockets;
  readonly recorder: Recorder;
  readonly credentials: Credentials;
  readonly trustDomain: string;
  readonly workload: WorkloadKey;
  readonly links: LinkDirectory;
}

export interface Opening {
  /** `rest`: what the other side sent already behind its answer. */
  readonly opened: (stream: ByteStream, rest: Uint8Array, generation: number) => void;
  readonly failed: (code: FaultCodeName) => void;
}

const NOTHING = new Uint8Array(0);

/** Opens a stream to an endpoint. Tells `opening` once. */
export function openEndpoint(context: HopContext, endpoint: Endpoint, facts: ConnectFacts, opening: Opening): void {
  if (endpoint.mesh === null) openPlain(context, endpoint.address, opening);
  else openHop(context, endpoint.mesh, facts, opening);
}

function openPlain(context: HopContext, address: SocketAddress, opening: Opening): void {
  dial({
    sockets: context.sockets,
    address,
    tls: null,
    counted: (change) => context.recorder.connection('outbound', 'dst', change, { tls: 'plain', target: address }),
    connected: (connection) => opening.opened(connection, NOTHING, Infinity),
    failed: (failure) => opening.failed(codeOfDial(failure)),
  });
}

/** Whether the other proxy knows links is found out by the first one to it, and remembered for a while. */
function openHop(context: HopContext, mesh: MeshAddress, facts: ConnectFacts, opening: Opening): void {
  const links = context.links.of(mesh);
  if (links.older) return openHop1(context, mesh, facts, opening);
  openConnect(context.sockets, links, facts, {
    opened: (stream) => opening.opened(stream, NOTHING, stream.link.generation),
    failed: (code) => {
      if (links.older) openHop1(context, mesh, facts, opening);
      else opening.failed(code);
    },
  });
}
