/** What the demo keeps in its data folder, and where. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../fault.ts';
import { keep, readKept } from '../kept.ts';
import { isAlive } from '../postgres/postmaster.ts';

export interface DemoFolder {
  readonly data: string;
  readonly logs: string;
  readonly secret: string;
  /** Password of the demo sign-in. */
  readonly password: string;
  readonly apiToken: string;
  readonly webhook: string;
  readonly webhookLog: string;
  readonly running: string;
  /** Whether the generated past was imported. */
  readonly history: string;
  cluster(name: string): string;
  agentToken(cluster: string): string;
  serviceConfig(cluster: string, service: string): string;
  loadConfig(cluster: string): string;
  control(cluster: string, service: string): string;
}

export function demoFolder(data: string): DemoFolder {
  const demo = join(data, 'demo');
  const cluster = (name: string): string => join(demo, name);
  const file = (service: string): string => `${service.replace('/', '.')}.json`;
  return {
    data,
    logs: join(data, 'logs'),
    secret: join(data, 'secret'),
    password: join(demo, 'password'),
    apiToken: join(demo, 'api-token'),
    webhook: join(demo, 'webhook.json'),
    webhookLog: join(data, 'webhooks.jsonl'),
    running: join(demo, 'running.pid'),
    history: join(demo, 'history.json'),
    cluster,
    agentToken: (name) => join(cluster(name), 'agent-token'),
    serviceConfig: (name, service) => join(cluster(name), 'services', file(service)),
    loadConfig: (name) => join(cluster(name), 'load.json'),
    control: (name, service) => join(cluster(name), 'control', file(service)),
  };
}

/** The channel of the demo's receiver, kept so that a restart needs no new one. */
export interface KeptWebhook {
  readonly port: number;
  readonly channelId: string;
  readonly secret: string;
}

export async function readWebhook(folder: DemoFolder): Promise<KeptWebhook | undefined> {
  const text = await readKept(folder.webhook);
  return text === undefined ? undefined : (JSON.parse(text) as KeptWebhook);
}

/** Fault `demo_running`: one demo per data folder. */
export async function claimFolder(folder: DemoFolder): Promise<void> {
  const holder = Number((await readKept(folder.running)) ?? '0');
  if (holder !== process.pid && isAlive(holder)) {
    throw new Fault('demo_running', `A demo (process ${holder}) runs on ${folder.data} already.`, 'Stop it with Ctrl-C, or set SIDELIGHT_DATA to another folder.');
  }
  await keep(folder.running, String(process.pid));
}

export interface ControlPort {
  readonly cluster: string;
  /** `namespace/name`. */
  readonly service: string;
  readonly host: string;
  readonly port: number;
}

/** Control ports of the demo services that run now. */
export async function controlPorts(folder: DemoFolder, clusters: readonly string[]): Promise<ControlPort[]> {
  const found: ControlPort[] = [];
  for (const cluster of clusters) {
    const names = await readdir(join(folder.cluster(cluster), 'control')).catch(() => []);
    for (const name of names.sort()) {
      const note = JSON.parse((await readKept(join(folder.cluster(cluster), 'control', name))) ?? '{}') as { service?: string; host?: string; port?: number; pid?: number };
      if (note.service !== undefined && note.port !== undefined && isAlive(note.pid ?? 0)) found.push({ cluster, service: note.service, host: note.host ?? '127.0.0.1', port: note.port });
    }
  }
  return found;
}
