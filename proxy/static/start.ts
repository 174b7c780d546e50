/** `--config FILE`: the process of a proxy without a control plane, from its arguments to its signals. */
import { parseArgs } from 'node:util';
import { createLogger, type Logger } from '../log.ts';
import { faultLine, type StaticFault } from './fault.ts';
import { readStatic, StaticProxy, type StaticSurroundings } from './static-proxy.ts';

/** sysexits.h EX_USAGE and EX_CONFIG: a restart won't mend these. */
const EXIT_USAGE = 64;
const EXIT_CONFIG = 78;
const EXIT_FAILED = 1;
const EXIT_CUT_SHORT = 130;

const USAGE = 'Usage: sidelight-proxy --config FILE (without a control plane), or no arguments and SIDELIGHT_PROXY_… in the environment.';

/** Starts, ends on SIGTERM and SIGINT, reads its files again on SIGHUP. Exits with a code and all faults when it can't start. */
export function startStatic(args: readonly string[], wallMs: () => number, surroundings: (logger: Logger, onShutdown: () => void) => StaticSurroundings): void {
  const path = configPath(args);
  const read = readStatic(path);
  if (read.kind === 'faults') return refuse(read.faults, EXIT_CONFIG);
  const logger = createLogger(read.config.logLevel, wallMs, (line) => void process.stderr.write(line));
  let ending = false;
  const end = (why: string): void => {
    if (ending) process.exit(EXIT_CUT_SHORT);
    ending = true;
    logger.log('info', 'shutting down', { why });
    void proxy.end().then(() => process.exit(0));
  };
  const proxy = new StaticProxy(path, read.config, surroundings(logger, () => void (ending || end('asked on the admin port'))));
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGHUP', () => proxy.reload());
  proxy.start().then(
    (faults) => (faults.length > 0 ? refuse(faults, EXIT_FAILED) : undefined),
    (error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      const what = code === 'EADDRINUSE' ? 'The admin address is in use.' : message;
      refuse([{ code: 'static_listen_failed', pointer: '/admin', message: what, remedy: 'Stop what has this address, or name another in the file.' }], EXIT_FAILED);
    },
  );
}

function configPath(args: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...args], options: { config: { type: 'string' } } });
    if (values.config !== undefined) return values.config;
  } catch (error) {
    process.stderr.write(`error [static_arguments] ${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.stderr.write(`${USAGE}\n`);
  return process.exit(EXIT_USAGE);
}

function refuse(faults: readonly StaticFault[], code: number): never {
  process.stderr.write(`sidelight-proxy can't start, ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}:\n${faults.map(faultLine).join('\n')}\n`);
  return process.exit(code);
}
