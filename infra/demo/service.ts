/**
 * One demo service: `node infra/demo/service.ts CONFIG.json`. An HTTP server that calls others through its sidecar, or a
 * TCP store with lines `GET key` → `VALUE …`. Its control port (which no sidecar serves) takes breaks from `npm run demo:break`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, type ServerResponse, createServer as createHttp, request as httpRequest } from 'node:http';
import { type Server, createServer as createTcp } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitAddress } from '../mesh/processes.ts';
import { type Break, type ServiceCall, type ServiceConfig, chooseCalls, fails, fillPath, sampleLatencyMs } from './behaviour.ts';
import { type Store, openStore } from './store-client.ts';

/** A call that takes longer counts as failed. */
const CALL_MS_MAX = 5_000;
/** Connections to one upstream; more requests than this at once wait. */
const CONNECTIONS_MAX = 64;
/** Beyond these a break is refused. */
const BREAK_SECONDS_MAX = 3_600;

const config = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as ServiceConfig;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
const stores = new Map<string, Store>(config.calls.filter((call) => call.protocol === 'opaque').map((call) => [call.address, openStore(call.address, CALL_MS_MAX)]));
let broken: Break | undefined;

const failsNow = (): boolean => fails(config, broken, Date.now(), Math.random);

/** The status of an HTTP call, or a thrown error. */
function callHttp(call: ServiceCall): Promise<number> {
  const { host, port } = splitAddress(call.address);
  const [namespace, name] = call.service.split('/');
  return new Promise((done, fail) => {
    const request = httpRequest({
      agent, host, port, method: call.method, path: fillPath(call.path, Math.random), headers: { host: `${name}.${namespace}` }, timeout: CALL_MS_MAX,
    });
    request.on('response', (response) => {
      response.resume();
      response.once('end', () => done(response.statusCode ?? 0));
      response.once('error', fail);
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', fail);
    request.end(call.method === 'POST' ? JSON.stringify({ service: config.service }) : undefined);
  });
}

/** Undefined when the call went well, else why it did not. */
async function makeCall(call: ServiceCall): Promise<string | undefined> {
  try {
    if (call.protocol === 'opaque') {
      await stores.get(call.address)?.get(fillPath(call.path, Math.random));
      return undefined;
    }
    const status = await callHttp(call);
    return status < 500 ? undefined : `${call.service} answered ${status}`;
  } catch (error) {
    return `${call.service}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function callAll(calls: readonly ServiceCall[]): Promise<string | undefined> {
  if (config.order === 'fan-out') return (await Promise.all(calls.map(makeCall))).find((fault) => fault !== undefined);
  for (const call of calls) {
    const fault = await makeCall(call);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  await sleep(sampleLatencyMs(config.latency, Math.random));
  if (failsNow()) return reply(response, 500, { error: `${config.service} failed` });
  const fault = await callAll(chooseCalls(config.calls, Math.random));
  if (fault !== undefined) return reply(response, 502, { error: fault });
  reply(response, 200, { service: config.service, path: request.url });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A store that fails closes the connection, as one that crashed would. */
function storeServer(): Server {
  return createTcp((socket) => {
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      setTimeout(() => {
        if (failsNow()) socket.destroy();
        else if (socket.writable) socket.write(`VALUE ${line.slice(4)} ${'x'.repeat(64)}\n`);
      }, sampleLatencyMs(config.latency, Math.random));
    });
  });
}

/** GET: the break in force. POST {share, seconds}: a new one; seconds 0 ends it. */
async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { share, seconds } = JSON.parse(Buffer.concat(chunks).toString()) as { share: number; seconds: number };
    if (!(share >= 0 && share <= 1 && seconds >= 0 && seconds <= BREAK_SECONDS_MAX)) return reply(response, 400, { error: 'share is 0…1, seconds 0…3600' });
    broken = { share, untilMs: Date.now() + seconds * 1000 };
  }
  const active = broken !== undefined && Date.now() < broken.untilMs;
  reply(response, 200, { service: config.service, broken: active ? broken : null });
}

const guarded = (handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>) => (request: IncomingMessage, response: ServerResponse): void => {
  handle(request, response).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (!response.headersSent) reply(response, 500, { error: 'a fault of the demo service itself' });
  });
};

const { host, port } = splitAddress(config.listen);
const server = config.protocol === 'opaque' ? storeServer() : createHttp(guarded(answer));
// A refused address must end the process: the supervisor reads its exit code.
server.listen(port, host);
const controlServer = createHttp(guarded(control));
const controlAt = splitAddress(config.control);
controlServer.listen(controlAt.port, controlAt.host, () => {
  const address = controlServer.address();
  if (address !== null && typeof address !== 'string') void writeFile(config.controlFile, JSON.stringify({ service: config.service, host: controlAt.host, port: address.port, pid: process.pid }), { mode: 0o600 });
});
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => process.exit(0));
