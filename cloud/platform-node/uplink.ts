/** The uplink on Node: the token is checked at the upgrade, then each WebSocket becomes a connection of the hub. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { UPLINK_PATH } from '../../agent/wire/version.ts';
import { CREDENTIAL_PREFIX } from '../auth/credential.ts';
import { bearerOf } from '../auth/tokens.ts';
import { verifyCredential, verifyToken } from '../auth/verify.ts';
import type { VerifiedCredential } from '../auth/verify.ts';
import { ApiError } from '../context.ts';
import type { Sql } from '../db/client.ts';
import { tenant } from '../db/tenant.ts';
import type { UplinkHub, UplinkSocket } from '../ingest/hub.ts';
import type { Link } from '../ingest/link.ts';
import type { Log } from '../log.ts';
import { ERROR_CODES } from '../wire/errors.ts';
import type { ErrorCode } from '../wire/errors.ts';

/** A message on the wire, compressed; 20,000 edges take some 3 MB. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A socket that reads this much slower than we write is cut. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;

export interface UplinkServer {
  close(): void;
}

/** Serves upgrades of `UPLINK_PATH`; upgrades of any other path are refused. `key`: of the credentials. */
export function serveUplink(server: Server, hub: UplinkHub, sql: Sql, now: () => number, key: Uint8Array, log: Log): UplinkServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false, clientTracking: false });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    admit(request, sql, now(), key).then(
      (link) => sockets.handleUpgrade(request, socket, head, (opened) => connect(opened, link, hub, log)),
      (error: unknown) => refuse(socket, error, log),
    );
  };
  server.on('upgrade', onUpgrade);
  return {
    close: () => {
      server.off('upgrade', onUpgrade);
      sockets.close();
    },
  };
}

/** The link of the request's token or credential. Throws `ApiError`. */
async function admit(request: IncomingMessage, sql: Sql, now: number, key: Uint8Array): Promise<Link> {
  const path = new URL(request.url ?? '/', 'http://uplink').pathname;
  if (path !== UPLINK_PATH) throw new ApiError('not_found', `The uplink is at ${UPLINK_PATH}.`);
  const bearer = bearerOf(request.headers.authorization);
  if (bearer === null) throw new ApiError('unauthenticated', 'Send the cluster’s agent token as Authorization: Bearer <token>.');
  if (bearer.startsWith(CREDENTIAL_PREFIX)) return linkOf(sql, await verifyCredential(sql, key, bearer, now));
  const token = await verifyToken(sql, bearer, 'agent', now);
  if (token.clusterId === null) throw new ApiError('token_invalid', 'The token names no cluster.');
  const handle = tenant(sql, token.orgId);
  const { clusterId } = token;
  await handle.transaction((tx) => tx`
    update tenant.cluster set token_used_at = ${new Date(now)} where org_id = ${token.orgId} and id = ${clusterId} and token_used_at is null`);
  return { tenant: handle, clusterId, tokenId: token.id };
}

function linkOf(sql: Sql, { orgId, clusterId, tokenId }: VerifiedCredential): Link {
  return { tenant: tenant(sql, orgId), clusterId, tokenId };
}

function refuse(socket: Duplex, error: unknown, log: Log): void {
  const code: ErrorCode = error instanceof ApiError ? error.code : 'unavailable';
  if (!(error instanceof ApiError)) log.error({ error }, 'an uplink was refused since its token could not be checked');
  const { status, title } = ERROR_CODES[code];
  const detail = error instanceof ApiError ? error.message : 'The database is not reachable; try again soon.';
  const body = JSON.stringify({ type: `/docs/errors/${code}`, code, title, status, detail });
  const head = ['Connection: close', 'Content-Type: application/problem+json', `Content-Length: ${Buffer.byteLength(body)}`, ...(status === 401 ? ['WWW-Authenticate: Bearer'] : [])];
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

function connect(opened: WebSocket, link: Link, hub: UplinkHub, log: Log): void {
  const connection = hub.attach(link, socketOf(opened));
  if (!connection) return opened.close(1013, 'too many connections');
  opened.on('message', (data, isBinary) => {
    if (isBinary && data instanceof Buffer) connection.message(data);
    else opened.close(1003, 'binary messages only');
  });
  opened.on('pong', () => connection.pong());
  opened.on('close', () => connection.closed());
  opened.on('error', (error) => log.warn({ error, cluster: link.clusterId }, 'an uplink socket failed'));
}

function socketOf(opened: WebSocket): UplinkSocket {
  return {
    send: (bytes) => {
      if (opened.bufferedAmount > UNSENT_BYTES_MAX) opened.terminate();
      else opened.send(bytes, () => undefined);
    },
    close: (code, reason) => opened.close(code, reason),
    terminate: () => opened.terminate(),
    ping: () => opened.ping(() => undefined),
    pause: () => opened.pause(),
    resume: () => opened.resume(),
  };
}
