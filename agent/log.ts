/** Structured logs: one JSON line each on stderr. Tokens, keys and certificates are never facts of a line. */
import { destination, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** `cloud`: where the pages of codes are served; a warning or an error with a code gets the address of its page. */
export function createLog(level: LogLevel, cloud: string | null): Log {
  const logger = pino({ level, base: null, messageKey: 'message', timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { level: (label) => ({ level: label }) } }, destination({ dest: 2, sync: true }));
  return (at, message, facts = {}) => logger[at](withPage(at, facts, cloud), message);
}

function withPage(level: LogLevel, facts: Readonly<Record<string, unknown>>, cloud: string | null): Readonly<Record<string, unknown>> {
  const { code } = facts;
  if (cloud === null || typeof code !== 'string' || (level !== 'warn' && level !== 'error')) return facts;
  return { ...facts, page: new URL(`/docs/errors/${encodeURIComponent(code)}`, cloud).href };
}
