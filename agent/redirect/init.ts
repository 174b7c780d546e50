/** `agent init`: puts the redirection in force in this network namespace, takes it away, prints or proves it. */
import { AgentFault } from '../fault.ts';
import type { InitOptions } from './options.ts';
import { hasRules, otherMesh, removeText, restoreText } from './rules.ts';
import type { Family } from './rules.ts';
import { findTables, INSTALL } from './tables.ts';
import type { Interface, Ipv6Reach, Tables } from './tables.ts';
import { validateRedirection } from './validate.ts';

export interface InitSurroundings {
  /** The environment's PATH. */
  readonly path: string;
  readonly ipv6Reach: () => Ipv6Reach;
  readonly token: () => string;
  readonly say: (line: string) => void;
}

/** In this order: nft is what kernels have today, and legacy what some only have. */
const INTERFACES: readonly Interface[] = ['nft', 'legacy'];

/** Does what the options ask for. Throws `AgentFault` with a code `init_…`. */
export async function runInit(options: InitOptions, around: InitSurroundings): Promise<void> {
  const reach: Ipv6Reach = options.ipv6 === 'auto' ? around.ipv6Reach() : options.ipv6 === 'on' ? 'global' : 'none';
  const families: readonly Family[] = reach === 'global' ? ['ipv4', 'ipv6'] : ['ipv4'];
  switch (options.action) {
    case 'print':
      for (const family of reach === 'none' ? families : (['ipv4', 'ipv6'] as const)) around.say(`# ${family}\n${restoreText(options.redirection, family, '').trimEnd()}`);
      return;
    case 'remove':
      return remove(around);
    case 'apply':
      for (const family of families) apply(family, options, around);
      if (reach === 'local') applyIfPossible('ipv6', options, around);
      return;
    case 'validate':
      return validate(options, families, around);
    default:
      options.action satisfies never;
  }
}

async function validate(options: InitOptions, families: readonly Family[], around: InitSurroundings): Promise<void> {
  const connect = options.connect.filter(({ host }) => families.includes(host.includes(':') ? 'ipv6' : 'ipv4'));
  await validateRedirection({ outboundPort: options.redirection.outboundPort, connect, timeoutMs: options.timeoutMs, token: around.token() });
  around.say(`What is dialled is redirected to port ${options.redirection.outboundPort} (${families.join(' and ')}).`);
}

/** Where nothing can leave by a family, a kernel or a machine without its tables is no reason not to start. */
function applyIfPossible(family: Family, options: InitOptions, around: InitSurroundings): void {
  try {
    apply(family, options, around);
  } catch (fault) {
    if (!(fault instanceof AgentFault) || !['init_tables_missing', 'init_tables_failed'].includes(fault.code)) throw fault;
    around.say(`${family}: not redirected, and nothing can leave by it (${fault.message}).`);
  }
}

function apply(family: Family, options: InitOptions, around: InitSurroundings): void {
  const found = INTERFACES.flatMap((through) => findTables(family, through, around.path) ?? []);
  const wanted = options.mode === 'auto' ? found : found.filter(({ through }) => through === options.mode);
  if (wanted.length === 0) throw missing(family, options.mode);
  const other = found.map((tables) => readable(tables)).map((saved) => otherMesh(saved ?? '')).find((mesh) => mesh !== null);
  if (other) throw new AgentFault('init_other_mesh', `${other} redirects the connections of this network namespace already`, 'inject one mesh only into a workload; remove the other one’s rules or annotation');
  const used = writeFirst(wanted, (tables) => restoreText(options.redirection, family, tables.read()));
  // Rules through the other interface would redirect a second time, by an older order.
  for (const tables of found) if (tables !== used) removeFrom(tables);
  around.say(`${family}: connections are redirected to ports ${options.redirection.outboundPort} and ${options.redirection.plainPort} (${used.through}).`);
}

/** The first tables that take it. Throws the fault of the first when none does. */
function writeFirst(candidates: readonly Tables[], text: (tables: Tables) => string): Tables {
  const faults: unknown[] = [];
  for (const tables of candidates) {
    try {
      tables.write(text(tables));
      return tables;
    } catch (fault) {
      faults.push(fault);
    }
  }
  throw faults[0];
}

function remove(around: InitSurroundings): void {
  const all = (['ipv4', 'ipv6'] as const).flatMap((family) => INTERFACES.flatMap((through) => findTables(family, through, around.path) ?? []));
  if (all.length === 0) throw missing('ipv4', 'auto');
  const removed = all.filter((tables) => removeFrom(tables));
  around.say(removed.length === 0 ? 'There were no rules to remove.' : `Removed: ${removed.map(({ family, through }) => `${family} (${through})`).join(', ')}.`);
}

/** True when there were rules. */
function removeFrom(tables: Tables): boolean {
  const saved = readable(tables);
  if (saved === null || !hasRules(saved)) return false;
  const text = removeText(saved);
  if (text !== null) tables.write(text);
  return true;
}

/** Null where the kernel has no such interface: then nothing of ours is in it. */
function readable(tables: Tables): string | null {
  try {
    return tables.read();
  } catch (fault) {
    if (fault instanceof AgentFault && fault.code === 'init_tables_failed') return null;
    throw fault;
  }
}

function missing(family: Family, mode: InitOptions['mode']): AgentFault {
  const what = `${family === 'ipv6' ? 'ip6tables' : 'iptables'}${mode === 'auto' ? '' : `-${mode}`}`;
  const past = family === 'ipv6' ? '; connections over IPv6 would pass by the proxy (--ipv6 off accepts that)' : '';
  return new AgentFault('init_tables_missing', `${what}-restore and ${what}-save are not on this machine${past}`, INSTALL);
}
