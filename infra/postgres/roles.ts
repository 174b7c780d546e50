/** The two logins and the database of an embedded server, and the passwords of its data folder. */
import { randomBytes } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import postgres from 'postgres';
import { isSystemError } from '../fault.ts';
import { writePrivate } from './postmaster.ts';

export const DATABASE = 'sidelight';
export const SUPERUSER = 'sidelight_superuser';
export const OWNER = 'sidelight_owner';
export const SERVER = 'sidelight_server';

/** Random per data folder, kept 0600 beside the data. */
export interface Passwords {
  readonly superuser: string;
  readonly owner: string;
  readonly server: string;
}

/** The folder's passwords, or undefined when it has none yet. */
export async function readPasswords(file: string): Promise<Passwords | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Passwords;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes passwords and keeps them; written in one step, so that a file is never half there. */
export async function makePasswords(file: string): Promise<Passwords> {
  const word = (): string => randomBytes(24).toString('base64url');
  const passwords: Passwords = { superuser: word(), owner: word(), server: word() };
  await writePrivate(`${file}.new`, JSON.stringify(passwords));
  await rename(`${file}.new`, file);
  return passwords;
}

export function loginUrl(user: string, password: string, port: number, database: string = DATABASE): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}

/** The client asks for array types by itself when it connects, and nobody handles what happens when the server ends just then. */
export const PLAIN = { fetch_types: false, onnotice: () => undefined } as const;

/** Makes logins and database where absent. The owner runs migrations; the server's login owns nothing. */
export async function ensureRoles(port: number, passwords: Passwords): Promise<void> {
  const sql = postgres(loginUrl(SUPERUSER, passwords.superuser, port, 'postgres'), { ...PLAIN, max: 1 });
  try {
    const [row] = await sql<{ done: boolean }[]>`select exists (select from pg_database where datname = ${DATABASE}) as done`;
    if (row?.done === true) return;
    const have = new Set((await sql<{ rolname: string }[]>`select rolname from pg_roles`).map((role) => role.rolname));
    if (!have.has(OWNER)) await sql.unsafe(`create role ${OWNER} login createrole password '${passwords.owner}'`);
    if (!have.has(SERVER)) await sql.unsafe(`create role ${SERVER} login noinherit password '${passwords.server}'`);
    await sql.unsafe(`grant ${SERVER} to ${OWNER} with admin true, inherit false, set false`);
    await sql.unsafe(`create database ${DATABASE} owner ${OWNER}`);
    await sql.unsafe(`revoke all on database ${DATABASE} from public`);
    await sql.unsafe(`grant connect on database ${DATABASE} to ${SERVER}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The data folder of the server behind `port` as it sees it itself, or undefined when it doesn't answer to our password. */
export async function answeringDataFolder(port: number, passwords: Passwords): Promise<string | undefined> {
  const sql = postgres(loginUrl(SUPERUSER, passwords.superuser, port, 'postgres'), { ...PLAIN, max: 1, connect_timeout: 3 });
  try {
    const [row] = await sql<{ data_directory: string }[]>`show data_directory`;
    return row?.data_directory;
  } catch {
    return undefined;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
