/** `npm run serve`: the product without any demo: Postgres (embedded or yours), the cloud process, the console. */
import { join, resolve } from 'node:path';
import { type Child, openFamily } from './children.ts';
import { type CloudOptions, dialHost, startCloud } from './cloud-process.ts';
import { buildConsole } from './console-build.ts';
import { embeddedDatabase, ownDatabase } from './database.ts';
import { Fault, faultText, withFolder } from './fault.ts';
import { keptSecret } from './kept.ts';
import { ensurePortFree, freePort } from './ports.ts';
import { SETTINGS, type ServeConfig, parseServeConfig } from './serve-config.ts';
import { listenForStop } from './stopping.ts';
import { openUnwinder } from './unwind.ts';

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

function help(): string {
  const rows = SETTINGS.map(({ name, fallback, doc }) => `  ${name.padEnd(18)}${doc}${fallback === '' ? '' : ` (default ${fallback})`}`);
  return `npm run serve: Sidelight's API and console on this machine, with its Postgres.\n\nSettings, by environment:\n${rows.join('\n')}\n\nCtrl-C stops it.`;
}

/** The environment's configuration; prints every fault and ends with 2 when there is one. */
function configOrExit(): ServeConfig {
  const parsed = parseServeConfig(process.env);
  if (parsed.kind === 'config') return parsed.config;
  const lines = parsed.faults.map((fault) => `  ${fault.name}: ${fault.message}`);
  process.stderr.write(`error [config_invalid] ${parsed.faults.length === 1 ? 'A setting is' : `${parsed.faults.length} settings are`} not right:\n${lines.join('\n')}\n`);
  process.exit(2);
}

async function serve(config: ServeConfig): Promise<void> {
  const data = resolve(config.data);
  const port = config.port === 0 ? await freePort() : config.port;
  await ensurePortFree(config.host, port);
  const family = openFamily();
  const stop = listenForStop(() => { for (const child of family.running()) child.signal('SIGKILL'); });
  const started = openUnwinder();
  started.add(() => family.close());
  const building = buildConsole();
  started.add(() => building.catch(() => undefined));
  building.catch(() => undefined);
  try {
    const database = config.databaseUrl === undefined ? await embeddedDatabase(data, say) : await ownDatabase(config.databaseUrl, data);
    started.add(() => database.stop());
    const build = await building;
    if (build.built) say(`console built in ${(build.ms / 1000).toFixed(1)} s`);
    const cloud = await startCloud(family, await cloudOptions(config, data, port, database.serverUrl));
    started.add(() => cloud.stop());
    say(`ready http://${dialHost(config.host)}:${port}\nCtrl-C stops it; its log is ${cloud.spec.logFile}`);
    await untilStopOrEnd(stop.asked, cloud);
  } finally {
    await started.unwind();
  }
}

async function cloudOptions(config: ServeConfig, data: string, port: number, serverUrl: string): Promise<CloudOptions> {
  return {
    host: config.host,
    port,
    serverUrl,
    secret: config.secret ?? (await keptSecret(join(data, 'secret'), 32)),
    publicUrl: config.publicUrl ?? `http://${dialHost(config.host)}:${port}`,
    outboundAllow: config.outboundAllow,
    mail: config.mail,
    metricsToken: config.metricsToken,
    logFile: join(data, 'logs', 'cloud.log'),
  };
}

/** Fault: `cloud_ended` when the cloud ends by itself. */
async function untilStopOrEnd(asked: Promise<void>, cloud: Child): Promise<void> {
  const ending = await Promise.race([asked, cloud.ended]);
  if (ending === undefined) return;
  throw new Fault('cloud_ended', `The cloud process ended by itself (${ending.signal ?? `exit code ${ending.code}`}).`, `Its log is ${cloud.spec.logFile}.`);
}

if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
  say(help());
} else if (process.argv.length > 2) {
  process.stderr.write(`error [argument_unknown] "${process.argv[2]}" is not known.\n${help()}\n`);
  process.exitCode = 2;
} else {
  const config = configOrExit();
  try {
    await serve(config);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${faultText(withFolder(error, config.data))}\n`);
    process.exit(1);
  }
}
