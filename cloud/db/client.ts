/** Connections to Postgres, and the three roles that a transaction can take. The login itself owns nothing and sees nothing. */
import postgres from 'postgres';

export type Sql = postgres.Sql<{ bigint: number }>;
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

/** Milliseconds and counters stay below 2^53, so int8 is read as a number; beyond that it throws. */
const bigint = {
  to: 20,
  from: [20],
  serialize: (value: number): string => String(value),
  parse: (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number`);
    return value;
  },
};

/** Statements longer than this are our fault; they are cancelled. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** A server that doesn't take a connection in this time is away. */
export const CONNECT_TIMEOUT_S = 5;

/** Pause before the n-th try to connect again: short, as our users wait, and never above a second. */
export function reconnectSeconds(tries: number): number {
  return Math.min(1, 0.05 * 2 ** Math.min(tries, 10));
}

export function connectDatabase(url: string, connectionsMax: number): Sql {
  return postgres(url, {
    max: connectionsMax,
    types: { bigint },
    connect_timeout: CONNECT_TIMEOUT_S,
    backoff: reconnectSeconds,
    onnotice: () => undefined,
    connection: { application_name: 'sidelight', statement_timeout: STATEMENT_TIMEOUT_MS, search_path: 'pg_catalog' },
  });
}

/** Runs `work` in one transaction as the auth role: identity tables, and tokens by hash. */
export async function asAuth<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const result = await sql.begin(async (tx) => {
    await tx`set local role sidelight_auth`;
    return { value: await work(tx) };
  });
  return (result as { value: T }).value;
}

/** Runs `work` in one transaction as the worker role: heads of queues only. */
export async function asWorker<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const result = await sql.begin(async (tx) => {
    await tx`set local role sidelight_worker`;
    return { value: await work(tx) };
  });
  return (result as { value: T }).value;
}
