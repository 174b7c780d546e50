/** `agent rotate-anchor`: asks the agent that runs on a state folder to follow its trust anchor by a new one. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AgentFault, messageOf } from './fault.ts';
import { phaseIn } from './issuer/anchors.ts';
import type { Phase } from './issuer/rotation.ts';
import { LOOK_MS, REQUEST_FILE } from './issuer/rotator.ts';
import { isLocked } from './lock.ts';

/** The agent looks twice a second; a busy machine gets twenty times as long. */
const TAKEN_MS_MAX = 20 * LOOK_MS;
const LOOK_AGAIN_MS = 100;

export interface RotateOptions {
  readonly stateFolder: string;
  /** Until the old anchor is dropped, which takes as long as the slowest proxy. */
  readonly wait: boolean;
}

export const ROTATE_USAGE = `Usage: agent rotate-anchor --state DIR [--wait]

Asks the agent that runs with this state folder for a new trust anchor: both are trusted first, then the new one issues,
and the old one is dropped when no proxy needs it any more. --wait returns only then.
`;

/** Throws `AgentFault` `option_missing` or `option_unknown`. */
export function parseRotate(args: readonly string[], env: Readonly<Record<string, string | undefined>>): RotateOptions {
  try {
    const { values } = parseArgs({ args: [...args], options: { state: { type: 'string' }, wait: { type: 'boolean', default: false } } });
    const stateFolder = values.state ?? env['SIDELIGHT_AGENT_STATE'] ?? '';
    if (stateFolder !== '') return { stateFolder, wait: values.wait };
  } catch (cause) {
    throw new AgentFault('option_unknown', messageOf(cause), 'see "agent rotate-anchor --help"', { cause });
  }
  throw new AgentFault('option_missing', '--state DIR (or SIDELIGHT_AGENT_STATE) is needed', 'name the state folder of the running agent');
}

/** Resolves when the rotation has begun, or with `wait` when it is over. Throws `AgentFault`. */
export async function rotateAnchor({ stateFolder, wait }: RotateOptions, say: (line: string) => void): Promise<void> {
  if (!(await isLocked(stateFolder))) throw new AgentFault('agent_not_running', `no agent runs with the state folder ${stateFolder}`, 'start it, or name the folder that it was started with');
  const before = phaseIn(stateFolder);
  if (before !== 'steady') throw new AgentFault('rotation_under_way', `a rotation is under way already, in phase "${before}"`, 'wait for its end; the agent’s log and /metrics name the proxies that it waits for');
  ask(join(stateFolder, REQUEST_FILE));
  await untilTaken(join(stateFolder, REQUEST_FILE));
  say('The rotation has begun: both anchors are given out.');
  if (!wait) return;
  for (let phase: Phase = 'distribute'; phase !== 'steady'; phase = await nextPhase(stateFolder, phase)) {
    if (phase === 'renew') say('Every proxy trusts both: the new anchor issues, leaves are renewed.');
  }
  say('Every leaf is the new anchor’s: the old one is dropped, the rotation is over.');
}

function ask(file: string): void {
  try {
    writeFileSync(file, '', { mode: 0o600 });
  } catch (cause) {
    throw new AgentFault('state_unwritable', `${file} can’t be written: ${messageOf(cause)}`, 'run this as the user that the agent runs as', { cause });
  }
}

async function untilTaken(file: string): Promise<void> {
  for (let waitedMs = 0; existsSync(file); waitedMs += LOOK_AGAIN_MS) {
    if (waitedMs > TAKEN_MS_MAX) {
      rmSync(file, { force: true });
      throw new AgentFault('agent_not_answering', 'the agent didn’t take the request up', 'look into its log');
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

async function nextPhase(stateFolder: string, phase: Phase): Promise<Phase> {
  for (;;) {
    const now = phaseIn(stateFolder);
    if (now !== phase) return now;
    if (!(await isLocked(stateFolder))) throw new AgentFault('agent_not_running', 'the agent ended within the rotation', 'start it again; it goes on where it was');
    await sleep(LOOK_AGAIN_MS);
  }
}
