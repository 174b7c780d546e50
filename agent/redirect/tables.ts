/** The programs that read and write the kernel's tables: which are here, and what they say. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AgentFault } from '../fault.ts';
import type { TableMode } from './options.ts';
import type { Family } from './rules.ts';

export type Interface = Exclude<TableMode, 'auto'>;

/** The tables of one family through one interface of the kernel. */
export interface Tables {
  readonly family: Family;
  readonly through: Interface;
  /** What `iptables-save -t nat` says. Throws `AgentFault`. */
  read(): string;
  /** Gives text to `iptables-restore --noflush`; all of it is put in force or nothing. Throws `AgentFault`. */
  write(text: string): void;
}

/** Where the programs are when the PATH of a service doesn't have them. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];
/** Another program may hold the lock of the tables for a moment. */
const LOCK_WAIT_SECONDS = 5;
const RUN_MS_MAX = 20_000;
const COMMAND = { ipv4: 'iptables', ipv6: 'ip6tables' } as const;

/** The remedy where the programs are missing. */
export const INSTALL = 'install iptables (Debian: apt-get install iptables; Alpine: apk add iptables), or redirect by the CNI plugin';

/** The tables of a family through an interface, or null where its programs are missing. `path`: the environment's PATH. */
export function findTables(family: Family, through: Interface, path: string): Tables | null {
  const command = COMMAND[family];
  const restore = findProgram(`${command}-${through}-restore`, path) ?? plain(`${command}-restore`, through, path);
  const save = findProgram(`${command}-${through}-save`, path) ?? plain(`${command}-save`, through, path);
  if (restore === null || save === null) return null;
  return {
    family,
    through,
    read: () => run(save, ['-t', 'nat'], ''),
    write: (text) => void run(restore, ['--noflush', '-w', String(LOCK_WAIT_SECONDS)], text),
  };
}

/** `global`: connections can leave by IPv6. `local`: only loopback or the link has an address. */
export type Ipv6Reach = 'global' | 'local' | 'none';

/** What IPv6 there is in this network namespace. */
export function ipv6Reach(): Ipv6Reach {
  try {
    return reachOf(readFileSync('/proc/net/if_inet6', 'utf8'));
  } catch {
    return 'none';
  }
}

/** The same of the text of `/proc/net/if_inet6`: address, index, prefix, scope, flags, device. */
export function reachOf(interfaces: string): Ipv6Reach {
  const scopes = interfaces.split('\n').flatMap((line) => line.trim().split(/\s+/)[3] ?? []);
  return scopes.includes('00') ? 'global' : scopes.length > 0 ? 'local' : 'none';
}

/** The program without a suffix is one of the two; it says which. */
function plain(name: string, through: Interface, path: string): string | null {
  const program = findProgram(name, path);
  if (program === null) return null;
  const version = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: RUN_MS_MAX }).stdout ?? '';
  return version.includes('nf_tables') === (through === 'nft') ? program : null;
}

function findProgram(name: string, path: string): string | null {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', timeout: RUN_MS_MAX, maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return stdout;
  const said = (stderr ?? '').trim().split('\n')[0] || error?.message || `exit code ${status}`;
  if (/permission denied|must be root|operation not permitted/i.test(said)) {
    throw new AgentFault('init_not_permitted', `${program} may not change the kernel's tables: ${said}`, 'run it as root with the capability NET_ADMIN in the network namespace of the workload');
  }
  throw new AgentFault('init_tables_failed', `${program} failed: ${said}`, 'see whether the kernel has the nat table, the matches owner, multiport and comment, and the target REDIRECT; or choose the other --mode');
}
