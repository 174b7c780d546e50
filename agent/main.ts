/** The agent's program: `host` runs the control plane and agent of machines without Kubernetes; the rest asks a running one. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { helpText, parseHostConfig } from './config.ts';
import { AgentFault, messageOf } from './fault.ts';
import { MeshFaults, startHost } from './host.ts';
import { createLog } from './log.ts';
import { runInit } from './redirect/init.ts';
import { initUsage, parseInit } from './redirect/options.ts';
import { hasIpv6 } from './redirect/tables.ts';
import { parseRotate, ROTATE_USAGE, rotateAnchor } from './rotate-anchor.ts';

const EXIT = { stopped: 0, notStarted: 1, wrongInput: 2 } as const;

/** Returns the exit code once the agent is over. */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (args.length === 0 || args.includes('--help')) {
    process.stdout.write(usageOf(command));
    return args.includes('--help') ? EXIT.stopped : EXIT.wrongInput;
  }
  if (command === 'rotate-anchor') return runRotate(rest);
  if (command === 'init') return runRedirect(rest);
  if (command !== 'host') return complain([`"${command}" is no command of the agent; there are "host", "init" and "rotate-anchor" (command_unknown)`], EXIT.wrongInput);
  const result = parseHostConfig(rest, process.env);
  if (result.kind === 'faults') return complain(result.faults.map(({ code, message }) => `${message} (${code})`), EXIT.wrongInput);
  return runHost(result.config);
}

function usageOf(command: string | undefined): string {
  return command === 'rotate-anchor' ? ROTATE_USAGE : command === 'init' ? initUsage() : helpText();
}

async function runRedirect(args: readonly string[]): Promise<number> {
  const parsed = parseInit(args, process.env);
  if (parsed.kind === 'faults') return complain(parsed.faults.map(({ code, message }) => `${message} (${code})`), EXIT.wrongInput);
  try {
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    await runInit(parsed.options, { path: process.env['PATH'] ?? '', hasIpv6, token: () => randomBytes(16).toString('hex'), say });
    return EXIT.stopped;
  } catch (thrown) {
    if (!(thrown instanceof AgentFault)) throw thrown;
    return complain([`${thrown.message} (${thrown.code}): ${thrown.remedy}`], EXIT.notStarted);
  }
}

async function runRotate(args: readonly string[]): Promise<number> {
  try {
    await rotateAnchor(parseRotate(args, process.env), (line) => void process.stdout.write(`${line}\n`));
    return EXIT.stopped;
  } catch (thrown) {
    if (!(thrown instanceof AgentFault)) throw thrown;
    return complain([`${thrown.message} (${thrown.code}): ${thrown.remedy}`], thrown.code.startsWith('option_') ? EXIT.wrongInput : EXIT.notStarted);
  }
}

async function runHost(config: Parameters<typeof startHost>[0]): Promise<number> {
  const log = createLog(config.logLevel, config.uplink?.cloud ?? null);
  const stopped = signalled();
  try {
    const host = await startHost(config, { wallMs: () => Date.now() + config.clockOffsetMs, monotonicMs: () => performance.now(), random: Math.random }, log);
    log('info', 'agent stops', { signal: await stopped });
    await host.stop();
    return EXIT.stopped;
  } catch (thrown) {
    if (thrown instanceof MeshFaults) return complain(thrown.lines, EXIT.wrongInput);
    if (thrown instanceof AgentFault) return complain([`${thrown.message} (${thrown.code}): ${thrown.remedy}`], EXIT.notStarted);
    return complain([`the agent failed: ${messageOf(thrown)} (agent_failed)`], EXIT.notStarted);
  }
}

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}

function complain(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
