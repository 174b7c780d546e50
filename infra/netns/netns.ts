/** Network namespaces of our own: made, wired and removed by `ip`. Nothing of the machine's own network is touched. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Fault } from '../fault.ts';

/** A program and where Debian has it. */
const PACKAGES = { ip: 'iproute2', iptables: 'iptables', ip6tables: 'iptables', setpriv: 'util-linux', tcpdump: 'tcpdump' } as const;
export type Tool = keyof typeof PACKAGES;

export type Support = { readonly kind: 'ready' } | { readonly kind: 'missing'; readonly reason: string };

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];
const RUN_MS_MAX = 20_000;
/** Where the kernel's names of namespaces are. */
const NETNS_FOLDER = '/run/netns';

/** Whether this process can make namespaces with these tools; if not, why, and the one command that helps. `tables`: and this interface of iptables works in them. */
export function netnsSupport(tools: readonly Tool[], tables?: 'nft' | 'legacy'): Support {
  if (process.platform !== 'linux') return { kind: 'missing', reason: 'network namespaces are Linux only' };
  if (process.getuid?.() !== 0) return { kind: 'missing', reason: 'network namespaces need root' };
  const absent = tools.filter((tool) => findTool(tool) === null);
  if (absent.length > 0) return { kind: 'missing', reason: `${absent.join(', ')} not on this machine: apt-get install -y ${[...new Set(absent.map((tool) => PACKAGES[tool]))].join(' ')}` };
  return tryOne(tables);
}

/** A container may be root and still have no right to make one, and a kernel may lack one of the interfaces. */
function tryOne(tables: 'nft' | 'legacy' | undefined): Support {
  const name = `sl-try-${process.pid}`;
  const ask = (command: string, args: readonly string[]): string | null => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', env: environment(), timeout: RUN_MS_MAX });
    return status === 0 ? null : ((stderr ?? '').trim().split('\n')[0] ?? `${command} failed`);
  };
  try {
    const made = ask('ip', ['netns', 'add', name]);
    if (made !== null) return { kind: 'missing', reason: `this root may not make network namespaces: ${made}` };
    const listed = tables === undefined ? null : ask('ip', ['netns', 'exec', name, `iptables-${tables}`, '-t', 'nat', '-S']);
    return listed === null ? { kind: 'ready' } : { kind: 'missing', reason: `the kernel has no ${tables} iptables: ${listed}` };
  } finally {
    ask('ip', ['netns', 'delete', name]);
  }
}

function findTool(tool: string): string | null {
  const path = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS];
  return path.map((folder) => join(folder, tool)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [process.env['PATH'] ?? '', ...FOLDERS].join(delimiter) };
}

/** Runs a program to its end; its words are the error's. */
export function run(command: string, args: readonly string[], input = ''): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', input, env: environment(), timeout: RUN_MS_MAX, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Fault('netns_failed', `${command} ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, 'See whether this user may make network namespaces, and "ip netns list" for what is left of an earlier run.');
  }
}

/** Arguments that run a command inside a namespace, as a user where one is given. */
export function inside(name: string, command: readonly string[], uid?: number): [command: string, args: string[]] {
  const as = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
  return ['ip', ['netns', 'exec', name, ...as, ...command]];
}

/** A namespace of our own with loopback up. */
export class Netns {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    run('ip', ['netns', 'add', name]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** `ip` inside. */
  ip(...args: readonly string[]): string {
    return run('ip', ['-n', this.name, ...args]);
  }

  /** Lines of `ip`, all in one go. */
  batch(lines: readonly string[]): void {
    // A line that asks for the other family can't stand in a batch of this one.
    for (const family of ['-4', '-6'] as const) {
      const own = lines.filter((line) => line.startsWith('-6 ') === (family === '-6')).map((line) => line.replace(/^-6 /, ''));
      if (own.length > 0) run('ip', [...(family === '-6' ? ['-6'] : []), '-n', this.name, '-batch', '-'], `${own.join('\n')}\n`);
    }
  }

  /** Any command inside, to its end. */
  run(command: readonly string[], input = ''): string {
    return run(...inside(this.name, command), input);
  }

  /** Its interfaces and rules go with it; processes inside have to be ended before. */
  remove(): void {
    spawnSync('ip', ['netns', 'delete', this.name], { env: environment(), timeout: RUN_MS_MAX });
  }
}

/** Removes what an earlier run left under a prefix, such as after a kill -9. Returns the names. */
export function removeLeftovers(prefix: string): string[] {
  const names = leftovers(prefix);
  for (const name of names) spawnSync('ip', ['netns', 'delete', name], { env: environment(), timeout: RUN_MS_MAX });
  return names;
}

/** Namespaces under a prefix. */
export function leftovers(prefix: string): string[] {
  try {
    return readdirSync(NETNS_FOLDER).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
