/** Under which account the server runs, and whether that account can reach a path. Postgres refuses to run as root. */
import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../fault.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** True when it is another account than ours, so that spawns must name it and files must be given to it. */
  readonly foreign: boolean;
}

/** Accounts that a root process hands the server to, in this order. */
const UNPRIVILEGED = ['postgres', 'nobody'] as const;

/** Our own account, or as root the first of `postgres` and `nobody` that exists. */
export async function serverAccount(): Promise<Account> {
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  if (uid !== 0) return { uid, gid, foreign: false };
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of UNPRIVILEGED) {
    const entry = lines.find((fields) => fields[0] === name);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]), foreign: true };
  }
  throw new Fault(
    'postgres_account_missing',
    'Postgres refuses to run as root, and this machine has neither an account "postgres" nor "nobody".',
    'Start Sidelight as an ordinary user, or add one of these accounts.',
  );
}

/** Can the account pass through every folder on the way to `path` (which exists)? */
export async function canReach(account: Account, path: string): Promise<boolean> {
  if (!account.foreign) return true;
  let folder = await realpath(path);
  for (;;) {
    const { mode, uid, gid } = await lstat(folder);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    const parent = dirname(folder);
    if (parent === folder) return true;
    folder = parent;
  }
}
