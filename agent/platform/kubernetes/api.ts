/**
 * The Kubernetes API as plain JSON over HTTPS: requests, lists and watches. Credentials and addresses come from the
 * client library; its own watch ends whenever a quiet minute passes, and its lists build an object of classes per item.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { AgentFault, messageOf } from '../../fault.ts';

/** A request without an answer ends after this. */
const REQUEST_MS_MAX = 15_000;
/** A longer answer is refused: lists come in pages far below it. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export const JSON_TYPE = 'application/json';
/** Server-side apply. */
export const APPLY_TYPE = 'application/apply-patch+yaml';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

export class KubeApi {
  readonly #config: KubeConfig;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  /** Any answer of the API server, refusals as well. Throws `AgentFault` `kubernetes_unreachable` when there is none. */
  async ask({ method, path, body, contentType = JSON_TYPE }: Ask): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = text === '' ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) };
    try {
      const response = await this.#send(path, { method, headers, signal: AbortSignal.timeout(REQUEST_MS_MAX) }, text);
      const answer = await readAll(response);
      return { status: response.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) };
    } catch (cause) {
      throw unreachable(cause);
    }
  }

  /**
   * Calls `onLine` with each line of a watch until it ends; the answer's status is 200 then. Ends also at `signal`, or
   * when nothing came for `quietMs`. Throws `AgentFault` `kubernetes_unreachable`.
   */
  async stream(path: string, quietMs: number, signal: AbortSignal, onLine: (line: string) => void): Promise<number> {
    try {
      const response = await this.#send(path, { method: 'GET', headers: {}, signal }, '');
      if (response.statusCode !== 200) {
        response.resume();
        return response.statusCode ?? 0;
      }
      response.setTimeout(quietMs, () => response.destroy());
      await readLines(response, onLine);
      return 200;
    } catch (cause) {
      if (signal.aborted) return 200;
      throw unreachable(cause);
    }
  }

  async #send(path: string, options: RequestOptions, text: string): Promise<IncomingMessage> {
    const server = this.#config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('no cluster is named in the configuration');
    const url = new URL(server.replace(/\/$/, '') + path);
    const secured = { ...options };
    await this.#config.applyToHTTPSOptions(secured);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, secured, resolve);
      request.once('error', reject);
      request.end(text);
    });
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    parts.push(part);
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
  }
  return Buffer.concat(parts).toString();
}

async function readLines(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    const lines = (rest + String(part)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }
}

function unreachable(cause: unknown): AgentFault {
  return new AgentFault('kubernetes_unreachable', `the Kubernetes API can’t be reached (${messageOf(cause)})`, 'it is tried again; see whether the API server is up and reachable from here', { cause });
}
