/** The three readers, as many as can run here; each that can't is named with the one command that helps. */
import { startChildJudges, type MissingJudge } from './children.ts';
import { createNodeJudge } from './judge-node.ts';
import type { Judge } from './reading.ts';

export interface Judges {
  readonly judges: readonly Judge[];
  readonly missing: readonly MissingJudge[];
  close(): void;
}

export function openJudges(): Judges {
  const children = startChildJudges();
  const judges = [createNodeJudge(), ...children.judges];
  return {
    judges,
    missing: children.missing,
    close: () => {
      for (const judge of judges) judge.close();
    },
  };
}
