/** Structured logs: one JSON line each on stderr. Tokens, keys and certificates are never facts of a line. */
import { destination, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

export function createLog(level: LogLevel): Log {
  const logger = pino({ level, base: null, messageKey: 'message', timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { level: (label) => ({ level: label }) } }, destination({ dest: 2, sync: true }));
  return (at, message, facts = {}) => logger[at](facts, message);
}
