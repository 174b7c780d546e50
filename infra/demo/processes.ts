/** The demo's supervised processes, in the stages in which they stop. */
import { type Child, type Family, openFamily } from '../children.ts';
import { Fault } from '../fault.ts';
import { type Supervised, supervise } from '../supervise.ts';

/** In the order of the stop: first who asks, then who answers, then who carries and counts, then who is told. */
const STAGES = ['load', 'service', 'proxy', 'agent', 'cloud'] as const;
export type Stage = (typeof STAGES)[number];

export interface DemoProcesses {
  /** Keeps a program running until the stop. */
  keep(stage: Stage, start: (family: Family) => Child): Supervised;
  /** True from the first call of `stop` or `kill` on: nothing can be started any more. */
  isStopping(): boolean;
  /** Stops all, stage by stage. */
  stop(): Promise<void>;
  /** Ends all at once. */
  kill(): void;
}

/** What a start meets that comes after the stop. */
export function stoppingFault(): Fault {
  return new Fault('stopping', 'The demo is being stopped.', 'Start it again.');
}

export function openProcesses(say: (line: string) => void): DemoProcesses {
  const family = openFamily();
  const stages: Record<Stage, Supervised[]> = { load: [], proxy: [], service: [], agent: [], cloud: [] };
  let stopping = false;
  return {
    keep: (stage, start) => {
      if (stopping) throw stoppingFault();
      const kept = supervise(() => start(family), say);
      stages[stage].push(kept);
      return kept;
    },
    isStopping: () => stopping,
    stop: async () => {
      stopping = true;
      for (const stage of STAGES) await Promise.all(stages[stage].map((kept) => kept.stop()));
      await family.close();
    },
    kill: () => {
      stopping = true;
      for (const child of family.running()) child.signal('SIGKILL');
    },
  };
}
