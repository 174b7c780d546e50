/** Starts that can't succeed, of every program: a clear message with a stable code and a remedy, and nothing half started. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { CODE_SECTIONS } from '../../cloud/api/code-sections.ts';
import { addressesNeeded, layOut, meshFile } from '../mesh/layout.ts';
import { freePort, freePorts } from '../ports.ts';
import { proxyProgram } from '../proxy-program.ts';
import { ROOT } from '../root.ts';
import { listProcesses } from './process-list.ts';

const END_MS_MAX = 60_000;
const PLANS = [{ name: 'web', namespace: 'shop', protocol: 'http1', calls: [], plain: true }] as const;

let folder: string;
let taken: Server;
/** A port that another program holds. */
let port: number;
let free: number;
let proxy: string;
let smallDisk: string | null;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidelight-bad-starts-'));
  await chmod(folder, 0o755);
  [port, free] = [await freePort(), await freePort()];
  taken = createServer().listen(port, '127.0.0.1');
  await Promise.all([once(taken, 'listening'), writeFile(join(folder, 'file'), ''), writeFile(join(folder, 'mesh.yaml'), await meshText())]);
  await writeFile(join(folder, 'taken.yaml'), (await meshText()).replace(/(control:\s+listen: 127\.0\.0\.1:)\d+/, `$1${port}`));
  await writeFile(join(folder, 'five.yaml'), FIVE_FAULTS);
  proxy = (await proxyProgram()).command;
  smallDisk = await makeFullDisk();
}, 120_000);

afterAll(async () => {
  taken.close();
  if (smallDisk !== null) execFileSync('umount', [smallDisk]);
  await rm(folder, { recursive: true, force: true });
});

const FIVE_FAULTS = `apiVersion: sidelight.dev/v1
kind: Mush
control: { listen: localhost:8086 }
services:
  - { name: web, namespace: SHOP, ports: [{ port: 80 }] }
workloads:
  - name: web
    namespace: shop
    colour: green
    instances:
      - { mesh: 127.0.0.1:4143, ports: [{ service: web, port: 80, target: 127.0.0.1:8080 }] }
`;

async function meshText(): Promise<string> {
  return stringify(meshFile(layOut(PLANS, await freePorts(addressesNeeded(PLANS)))));
}

/** A full file system where this user may mount one; else null, and the folder that is none stands for it. */
async function makeFullDisk(): Promise<string | null> {
  if (process.getuid?.() !== 0) return null;
  const place = join(folder, 'full');
  await mkdir(place);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=0777', 'tmpfs', place]);
  await writeFile(join(place, 'ballast'), Buffer.alloc(16_384)).catch(() => undefined);
  return place;
}

interface Bad {
  readonly program: 'proxy' | 'agent' | 'cloud' | 'serve' | 'demo';
  readonly what: string;
  readonly code: string;
  /** What the message says of the place and the way out. */
  readonly says: readonly (string | RegExp)[];
  readonly args?: () => readonly string[];
  readonly env?: () => Readonly<Record<string, string>>;
}

const proxyEnv = (): Record<string, string> => ({
  SIDELIGHT_PROXY_CONTROL: `127.0.0.1:${free}`, SIDELIGHT_PROXY_TRUST_BUNDLE_FILE: join(folder, 'file'), SIDELIGHT_PROXY_TOKEN_FILE: join(folder, 'file'),
  SIDELIGHT_PROXY_WORKLOAD: 'shop/host/web', SIDELIGHT_PROXY_INSTANCE: 'web-1', SIDELIGHT_PROXY_ADMIN: '127.0.0.1:0',
});
const cloudEnv = (): Record<string, string> => ({ PORT: '0', DATABASE_URL: `postgres://nobody:x@127.0.0.1:${free}/none`, SIDELIGHT_SECRET: 'a secret of at least thirty-two characters' });
const agentArgs = (mesh: string, state: string) => (): readonly string[] => ['host', '--mesh', join(folder, mesh), '--state', join(folder, state)];
/** Below a plain file nobody can make a folder, root included. */
const BELOW_A_FILE = 'file/below';

const BAD: readonly Bad[] = [
  { program: 'proxy', what: 'its admin port in use', code: 'admin_port_in_use', says: ['SIDELIGHT_PROXY_ADMIN'], env: () => ({ ...proxyEnv(), SIDELIGHT_PROXY_ADMIN: `127.0.0.1:${port}` }) },
  { program: 'proxy', what: 'a state folder that can’t be made', code: 'state_unwritable', says: [BELOW_A_FILE, 'give another folder'], env: () => ({ ...proxyEnv(), SIDELIGHT_PROXY_STATE_DIR: join(folder, BELOW_A_FILE) }) },
  { program: 'proxy', what: 'two wrong settings', code: 'setting_invalid', says: ['2 faults', 'SIDELIGHT_PROXY_CONTROL', 'SIDELIGHT_PROXY_LOG_LEVEL'], env: () => ({ ...proxyEnv(), SIDELIGHT_PROXY_CONTROL: 'control', SIDELIGHT_PROXY_LOG_LEVEL: 'loud' }) },
  { program: 'proxy', what: 'a static configuration that isn’t there', code: 'static_file_unreadable', says: ['none.json'], args: () => ['--config', join(folder, 'none.json')] },
  { program: 'agent', what: 'its control port in use', code: 'control_listen_failed', says: ['another process', 'control.listen'], args: agentArgs('taken.yaml', 'agent-port') },
  { program: 'agent', what: 'its admin port in use', code: 'admin_listen_failed', says: ['--admin'], args: () => [...agentArgs('mesh.yaml', 'agent-admin')(), '--admin', `127.0.0.1:${port}`] },
  { program: 'agent', what: 'a state folder that can’t be made', code: 'state_unwritable', says: [BELOW_A_FILE, '--state'], args: agentArgs('mesh.yaml', BELOW_A_FILE) },
  { program: 'agent', what: 'a full disk', code: 'state_unwritable', says: ['writable'], args: () => agentArgs('mesh.yaml', smallDisk === null ? BELOW_A_FILE : 'full/state')() },
  { program: 'agent', what: 'a mesh file with five faults', code: 'mesh_value_invalid', says: [/five\.yaml:2:7: /, /:3:\d+: .*mesh_address_invalid/, /:5:\d+: .*mesh_value_invalid/, /:9:\d+: .*mesh_key_unknown/, /:11:\d+: .*mesh_key_missing/], args: agentArgs('five.yaml', 'agent-mesh') },
  { program: 'agent', what: 'wrong options', code: 'option_invalid', says: ['option_unknown', 'option_missing', '--help'], args: () => ['host', '--windows', '9', '--window-ms', 'x', '--state', join(folder, 'agent-options')] },
  { program: 'cloud', what: 'its port in use', code: 'port_in_use', says: ['PORT'], env: () => ({ ...cloudEnv(), PORT: String(port) }) },
  { program: 'cloud', what: 'wrong settings', code: 'config_invalid', says: ['DATABASE_URL', 'SIDELIGHT_SECRET'], env: () => ({ PORT: '0' }) },
  { program: 'serve', what: 'its port in use', code: 'port_in_use', says: [/set PORT to a free port/], env: () => ({ PORT: String(port), SIDELIGHT_DATA: join(folder, 'serve-port') }) },
  { program: 'serve', what: 'a data folder that can’t be made', code: 'data_folder_unwritable', says: ['SIDELIGHT_DATA'], env: () => ({ PORT: String(free), SIDELIGHT_DATA: join(folder, BELOW_A_FILE) }) },
  { program: 'serve', what: 'a database that isn’t there', code: 'database_refused', says: ['DATABASE_URL'], env: () => ({ PORT: String(free), SIDELIGHT_DATA: join(folder, 'serve-database'), DATABASE_URL: cloudEnv()['DATABASE_URL'] ?? '' }) },
  { program: 'serve', what: 'a full disk', code: 'data_folder_unwritable', says: ['SIDELIGHT_DATA'], env: () => ({ PORT: String(free), SIDELIGHT_DATA: join(folder, smallDisk === null ? BELOW_A_FILE : 'full/data') }) },
  { program: 'demo', what: 'its port in use', code: 'port_in_use', says: [/set PORT to a free port/], env: () => ({ PORT: String(port), SIDELIGHT_DATA: join(folder, 'demo-port') }) },
  { program: 'demo', what: 'a full disk', code: 'data_folder_unwritable', says: ['SIDELIGHT_DATA'], env: () => ({ PORT: String(free), SIDELIGHT_DATA: join(folder, smallDisk === null ? BELOW_A_FILE : 'full/demo') }) },
  { program: 'demo', what: 'a data folder that can’t be made', code: 'data_folder_unwritable', says: ['SIDELIGHT_DATA'], env: () => ({ PORT: String(free), SIDELIGHT_DATA: join(folder, BELOW_A_FILE) }) },
];

const MAINS = { agent: 'agent/main.ts', cloud: 'cloud/main.node.ts', serve: 'infra/serve.ts', demo: 'infra/demo/main.ts' } as const;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run({ program, args = () => [], env = () => ({}) }: Bad): Promise<Ended> {
  const [command, first] = program === 'proxy' ? [proxy, []] : [process.execPath, [join(ROOT, MAINS[program])]];
  const child: ChildProcess = spawn(command, [...first, ...args()], { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env() }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => { output += bytes.toString(); });
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

test.each(BAD)('$program with $what: $code, what to do, and nothing half started', async (bad) => {
  const { code, output } = await run(bad);
  expect(code, output).toBeGreaterThan(0);
  expect(output).toContain(bad.code);
  for (const text of bad.says) expect(output).toMatch(text);
  expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect(CODE_SECTIONS.has(bad.code)).toBe(true);
  expect((await listProcesses()).filter(({ args }) => args.includes(folder))).toEqual([]);
}, 2 * END_MS_MAX);

test('a start that failed leaves no folder behind that the next one would trip over', async () => {
  const left = (await readdir(folder)).filter((name) => /^serve-port|^demo-port/.test(name));
  expect(left).toEqual([]);
});
