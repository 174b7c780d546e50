/** A webhook receiver: verifies Standard Webhooks signatures, keeps each event once, tells who listens. */
import { type IncomingMessage, type Server, createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { WebhookEvent } from '../cloud/wire/webhook.ts';

export interface ReceivedEvent {
  /** `webhook-id`: stable over repeated deliveries. */
  readonly id: string;
  readonly receivedAt: string;
  readonly event: WebhookEvent;
}

export interface ReceiverCounts {
  accepted: number;
  /** Deliveries of an id that had been received before. */
  repeated: number;
  /** Without a valid signature, or of another shape. */
  refused: number;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly counts: Readonly<ReceiverCounts>;
  /** The channel's `whsec_…`; before it is known everything is refused with 503, and sent again later. */
  setSecret(secret: string): void;
  close(): Promise<void>;
}

/** An event is a few KiB. */
const BODY_BYTES_MAX = 256 * 1024;
/** Ids remembered for telling repeats; a retry comes within days, and a demo has a few events an hour. */
const IDS_MAX = 10_000;

/** `onEvent` runs once per id, in order of arrival; `onRefused` gets the reason. Rejects when the port is taken. */
export async function openReceiver(port: number, onEvent: (received: ReceivedEvent) => void, onRefused: (reason: string) => void): Promise<Receiver> {
  const counts: ReceiverCounts = { accepted: 0, repeated: 0, refused: 0 };
  const seen = new Set<string>();
  let webhook: Webhook | undefined;
  const take = async (request: IncomingMessage): Promise<number> => {
    if (webhook === undefined) return 503;
    const body = await readBody(request);
    const id = String(request.headers['webhook-id'] ?? '');
    let event: WebhookEvent;
    try {
      event = WebhookEvent.parse(webhook.verify(body, request.headers as Record<string, string>));
    } catch (error) {
      counts.refused += 1;
      onRefused(error instanceof Error ? error.message : String(error));
      return 401;
    }
    if (seen.has(id)) {
      counts.repeated += 1;
      return 204;
    }
    if (seen.size >= IDS_MAX) seen.clear();
    seen.add(id);
    counts.accepted += 1;
    onEvent({ id, receivedAt: new Date().toISOString(), event });
    return 204;
  };
  const server = createServer((request, response) => {
    take(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(400).end(),
    );
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}/hooks`,
    port: bound,
    counts,
    setSecret: (secret) => { webhook = new Webhook(secret); },
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address !== 'string') done(address.port);
    });
  });
}
