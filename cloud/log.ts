/** Structured logs: fields first, then a fixed message. Fields never carry secrets, cookies or tokens. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A log that keeps nothing, for code that runs without a reader. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
