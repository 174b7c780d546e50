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

/** The system's codes for a disk that takes nothing. */
const DISK_CODES = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR'] as const;

/** What a disk refused below the data folder as a Fault (`data_folder_unwritable`); anything else as it is. */
export function withFolder(error: unknown, data: string): unknown {
  if (error instanceof Fault || !(error instanceof Error) || !DISK_CODES.some((code) => isSystemError(error, code))) return error;
  return new Fault('data_folder_unwritable', `The data folder ${data} can't be used: ${error.message}.`, 'Set SIDELIGHT_DATA to a folder that you can write, with some free space.');
}

/** True for a system error with this code, for example `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
