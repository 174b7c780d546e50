/** The cloud on Node: `node cloud/main.node.ts`, configured by the environment (cloud/config.ts). Ends with 0 after SIGTERM or SIGINT. */
import { fileURLToPath } from 'node:url';
import { pino, stdSerializers } from 'pino';
import { parseConfig, SETTINGS } from './config.ts';
import type { CloudConfig } from './config.ts';
import { startCloud } from './platform-node/cloud.ts';

/** A stop that takes longer than this is broken off. */
const STOP_MS_MAX = 20_000;
const CONSOLE_DIR = fileURLToPath(new URL('../web/dist/', import.meta.url));

function help(): string {
  const rows = SETTINGS.map(({ name, meaning, ...rest }) => `  ${name.padEnd(18)}${meaning}${rest.default ? ` (default ${rest.default})` : ''}`);
  return `The Sidelight cloud on Node.\n\nSettings, by environment:\n${rows.join('\n')}\n`;
}

async function main(config: CloudConfig): Promise<void> {
  const log = pino({
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: stdSerializers.err },
    redact: ['*.authorization', '*.cookie', '*.token', '*.password', '*.secret'],
  });
  const cloud = await startCloud({ config, consoleDir: config.consoleDir ?? CONSOLE_DIR, log, now: () => Date.now() + config.clockOffsetMs });
  const stop = (signal: string): void => {
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    cloud.stop().then(() => process.exit(0), (error: unknown) => {
      log.error({ error }, 'the stop failed');
      process.exit(1);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.on('unhandledRejection', (error) => log.error({ error }, 'a rejection that nobody handled'));
}

/** Why the server could not start, in words. */
function startFault(error: unknown, config: CloudConfig): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `error [port_in_use] ${config.host}:${config.port} is taken by another program. Stop it, or set PORT to another.`;
  }
  return `error [start_failed] ${error instanceof Error ? error.message : String(error)}`;
}

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(help());
} else {
  const parsed = parseConfig(process.env);
  if (parsed.kind === 'faults') {
    const lines = parsed.faults.map(({ setting, message }) => `  ${setting} ${message}`);
    process.stderr.write(`error [config_invalid] the cloud can't start:\n${lines.join('\n')}\n\n${help()}`);
    process.exitCode = 2;
  } else {
    main(parsed.config).catch((error: unknown) => {
      process.stderr.write(`${startFault(error, parsed.config)}\n`);
      process.exit(1);
    });
  }
}
