/** Numbers on the command lines of benches and conformance suites. */

/** The whole number in an option, or its default. Throws a `UsageError` for anything else. */
export function wholeOption(name: string, text: string | undefined, fallback: number, least = 1): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) throw new UsageError(`--${name} is ${JSON.stringify(text)}, but must be a whole number from ${least}`);
  return value;
}

/** The command line is wrong; a person mends it. */
export class UsageError extends Error {
  readonly code = 'usage';
}

/** sysexits.h EX_USAGE. */
const EXIT_USAGE = 64;

/** Runs a command; a wrong command line (also one that `parseArgs` refuses) becomes a line and exit code 64. */
export async function exitCodeOf(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!(error instanceof UsageError) && !code.startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`error [usage] ${(error as Error).message}. See --help.\n`);
    return EXIT_USAGE;
  }
}
