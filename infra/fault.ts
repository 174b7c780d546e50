/** An error for people: what happened, whose fault, what to do, with a stable code. */

export class Fault extends Error {
  override readonly name: string = 'Fault';
  /** Stable, snake_case; never renamed or reused. */
  readonly code: string;
  readonly remedy: string;
  constructor(code: string, what: string, remedy: string) {
    super(what);
    this.code = code;
    this.remedy = remedy;
  }
}

/** One line a fault: `error [code] what. remedy`. An error that is not a Fault is our bug and shows its stack. */
export function faultText(error: unknown): string {
  if (error instanceof Fault) return `error [${error.code}] ${error.message}\n  ${error.remedy}`;
  if (error instanceof AggregateError) return error.errors.map(faultText).join('\n');
  return `error [internal] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** True for a system error with this code, for example `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
