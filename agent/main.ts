/**
 * The agent's program: `host` runs the control plane and agent of machines without Kubernetes, `init` redirects a
 * workload's connections, the rest asks a running agent. Each command loads only what it needs: `init` runs before every
 * workload, and should hold none up.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { HostConfig } from './config.ts';
import { AgentFault, messageOf } from './fault.ts';

const EXIT = { stopped: 0, notStarted: 1, wrongInput: 2 } as const;

/** Returns the exit code once the agent is over. */
async function main([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case 'init':
      return runInit(rest);
    case 'rotate-anchor':
      return runRotate(rest);
    case 'host':
    case '--help':
    case undefined:
      return runHost(rest, command === 'host');
    default:
      return complain([`"${command}" is no command of the agent; there are "host", "init" and "rotate-anchor" (command_unknown)`], EXIT.wrongInput);
  }
}

async function runInit(args: readonly string[]): Promise<number> {
  const { initUsage, parseInit } = await import('./redirect/options.ts');
  if (args.includes('--help')) return show(initUsage());
  const parsed = parseInit(args, process.env);
  if (parsed.kind === 'faults') return complain(parsed.faults.map(({ code, message }) => `${message} (${code})`), EXIT.wrongInput);
  const init = await import('./redirect/init.ts');
  const { ipv6Reach } = await import('./redirect/tables.ts');
  const around = { path: process.env['PATH'] ?? '', ipv6Reach, token: () => randomBytes(16).toString('hex'), say };
  return init.runInit(parsed.options, around).then(() => EXIT.stopped, faultOf);
}

async function runRotate(args: readonly string[]): Promise<number> {
  const { parseRotate, rotateAnchor, ROTATE_USAGE } = await import('./rotate-anchor.ts');
  if (args.includes('--help')) return show(ROTATE_USAGE);
  try {
    await rotateAnchor(parseRotate(args, process.env), say);
    return EXIT.stopped;
  } catch (thrown) {
    return faultOf(thrown);
  }
}

/** `asked`: with the word `host`; without any word it is told how to use it. */
async function runHost(args: readonly string[], asked: boolean): Promise<number> {
  const { helpText, parseHostConfig } = await import('./config.ts');
  if (!asked && !process.argv.includes('--help')) {
    show(helpText());
    return EXIT.wrongInput;
  }
  if (!asked || args.includes('--help')) return show(helpText());
  const result = parseHostConfig(args, process.env);
  if (result.kind === 'faults') return complain(result.faults.map(({ code, message }) => `${message} (${code})`), EXIT.wrongInput);
  return serveHost(result.config);
}

async function serveHost(config: HostConfig): Promise<number> {
  const { createLog } = await import('./log.ts');
  const { MeshFaults, startHost } = await import('./host.ts');
  const log = createLog(config.logLevel, config.uplink?.cloud ?? null);
  const stopped = signalled();
  try {
    const host = await startHost(config, { wallMs: () => Date.now() + config.clockOffsetMs, monotonicMs: () => performance.now(), random: Math.random }, log);
    log('info', 'agent stops', { signal: await stopped });
    await host.stop();
    return EXIT.stopped;
  } catch (thrown) {
    if (thrown instanceof MeshFaults) return complain(thrown.lines, EXIT.wrongInput);
    if (thrown instanceof AgentFault) return faultOf(thrown);
    return complain([`the agent failed: ${messageOf(thrown)} (agent_failed)`], EXIT.notStarted);
  }
}

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

/** What it told in a sentence, and its exit code; anything but a fault of ours is thrown on. */
function faultOf(thrown: unknown): number {
  if (!(thrown instanceof AgentFault)) throw thrown;
  return complain([`${thrown.message} (${thrown.code}): ${thrown.remedy}`], thrown.code.startsWith('option_') ? EXIT.wrongInput : EXIT.notStarted);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function show(text: string): number {
  process.stdout.write(text);
  return EXIT.stopped;
}

function complain(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
