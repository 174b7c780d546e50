/** The proxy's process: environment, clocks, randomness and signals; everything else is told by arguments. */
import { dialControl } from './control/dial.ts';
import { parseConfig, type ProxyConfig } from './config.ts';
import { createDataplane } from './dataplane.ts';
import { createLogger, type Logger } from './log.ts';
import { Proxy } from './proxy.ts';
import { releaseStartPages } from './start-pages.ts';
import { StartFault } from './start-fault.ts';
import { startStatic } from './static/start.ts';
import { writeTo } from './telemetry/line-output.ts';
import { postSpans } from './telemetry/span-export.ts';

/** sysexits.h EX_CONFIG: the environment is wrong, and a restart won't mend it. */
const EXIT_CONFIG = 78;
const EXIT_FAILED = 1;
const EXIT_CUT_SHORT = 130;

/** So long the answer to POST /shutdown has to get out. */
const ANSWER_MS = 100;

/** The log goes to standard error, the access log has the other output for itself. */
const STDOUT = 1;

const startMs = Date.now();

function readConfig(): ProxyConfig {
  const parsed = parseConfig(process.env);
  if (parsed.kind === 'config') {
    for (const warning of parsed.warnings) process.stderr.write(`${warning}\n`);
    return parsed.config;
  }
  const lines = parsed.faults.map(({ code, message }) => `  ${code}: ${message}`);
  process.stderr.write(`sidelight-proxy can't start, its environment has ${lines.length} ${lines.length === 1 ? 'fault' : 'faults'}:\n${lines.join('\n')}\n`);
  process.exit(EXIT_CONFIG);
}

function usage() {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss(), runtime: `bun ${Bun.version}`, startMs };
}

function surroundings(logger: Logger, onShutdown: () => void) {
  return { logger, wallMs: Date.now, nowUs: () => performance.now() * 1_000, random: Math.random, createDataplane, usage, accessOutput: writeTo(STDOUT), postSpans, onShutdown: () => void setTimeout(onShutdown, ANSWER_MS) };
}

function startProxy(config: ProxyConfig, logger: Logger, onShutdown: () => void): Proxy {
  const instance = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  const proxy = new Proxy(config, { ...surroundings(logger, onShutdown), instance, dial: dialControl });
  proxy.start();
  return proxy;
}

function run(): void {
  if (process.argv.length > 2) return startStatic(process.argv.slice(2), Date.now, surroundings);
  const config = readConfig();
  const logger = createLogger(config.logLevel, Date.now, (line) => void process.stderr.write(line));
  let ending = false;
  const end = (why: string) => {
    if (ending) process.exit(EXIT_CUT_SHORT);
    ending = true;
    logger.log('info', 'shutting down', { why });
    void proxy.end().then(() => process.exit(0));
  };
  let proxy: Proxy;
  try {
    proxy = startProxy(config, logger, () => void (ending || end('asked on the admin port')));
  } catch (error) {
    const code = error instanceof StartFault ? error.code : 'start_failed';
    logger.log('error', "the proxy can't start", { code, reason: error instanceof Error ? error.message : String(error) });
    process.exit(EXIT_FAILED);
  }
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
}

run();
releaseStartPages();
