/** `npm start`: the whole path on real traffic: Postgres, cloud, console, two clusters of services behind proxies. */
import { rm } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { Fault, faultText, withFolder } from '../fault.ts';
import { ensurePortFree, freePort } from '../ports.ts';
import { parseServeConfig } from '../serve-config.ts';
import { listenForStop } from '../stopping.ts';
import { openUnwinder } from '../unwind.ts';
import { type BootedDemo, bootDemo } from './boot.ts';
import { claimFolder, demoFolder } from './folder.ts';
import { openProcesses } from './processes.ts';

const HELP = `npm start: Sidelight's demo: two clusters under load, their cloud and console.

  PORT            port of API and console (default 7400; 0 takes a free one)
  SIDELIGHT_DATA  folder for data and logs, kept between starts (default .sidelight)
  SIDELIGHT_DEMO_NETWORK  explicit: no network namespaces, though this machine allows them`;

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

function tips({ origin, account }: BootedDemo, data: string): string {
  return `
Open ${origin} and sign in as ${account.email}. Things to try:
  npm run demo:break -- prices             half of shop/prices' requests fail for a minute: watch the graph, then the incident
  npm run demo:break -- scoring --for 2m   a fault three calls deep; the incident says where it starts
  npm run demo:break -- --help             more of it
Webhooks are printed here and kept in ${data}/webhooks.jsonl; logs are in ${data}/logs. Ctrl-C stops everything.
`;
}

/** Short where that is shorter. */
function shown(data: string): string {
  const path = relative(process.cwd(), data);
  return path === '' ? '.' : path.startsWith('..') ? data : path;
}

async function demo(port: number, data: string): Promise<void> {
  const folder = demoFolder(data);
  await ensurePortFree('127.0.0.1', port);
  await claimFolder(folder);
  const processes = openProcesses(say);
  const stop = listenForStop(() => processes.kill());
  const started = openUnwinder();
  started.add(() => rm(folder.running, { force: true }));
  const booting = bootDemo({ folder, port, processes, started, say, network: process.env['SIDELIGHT_DEMO_NETWORK'] });
  try {
    const booted = await Promise.race([booting, stop.asked]);
    if (booted !== undefined) {
      say(`ready ${booted.origin}`);
      say(tips(booted, shown(data)));
      await stop.asked;
    }
    say('stopping');
  } finally {
    await processes.stop();
    // What it was about to start must be there to be stopped.
    await booting.catch(() => undefined);
    await started.unwind();
  }
}

async function main(): Promise<number> {
  if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
    say(HELP);
    return 0;
  }
  const parsed = parseServeConfig({ PORT: process.env['PORT'], SIDELIGHT_DATA: process.env['SIDELIGHT_DATA'] });
  if (parsed.kind === 'faults') throw new AggregateError(parsed.faults.map(({ name, message }) => new Fault('config_invalid', `${name}: ${message}`, 'See "npm start -- --help".')));
  await demo(parsed.config.port === 0 ? await freePort() : parsed.config.port, resolve(parsed.config.data));
  say('stopped');
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${faultText(withFolder(error, process.env['SIDELIGHT_DATA'] ?? '.sidelight'))}\n`);
    process.exit(1);
  },
);
