/** One line of JSON per event. No line is written per request. */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Log = (level: LogLevel, message: string, facts?: Record<string, unknown>) => void;

/** A log whose level can change while it runs. */
export interface Logger {
  readonly log: Log;
  level: LogLevel;
}

/** `write` takes a line with its end; `nowMs` is the wall clock. */
export function createLogger(level: LogLevel, nowMs: () => number, write: (line: string) => void): Logger {
  const logger = {
    level,
    log(of: LogLevel, message: string, facts: Record<string, unknown> = {}): void {
      if (LOG_LEVELS.indexOf(of) < LOG_LEVELS.indexOf(logger.level)) return;
      write(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), level: of, message, ...facts })}\n`);
    },
  };
  return logger;
}
