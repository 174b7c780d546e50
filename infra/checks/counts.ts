/** The runner's report → counts. Pure. */

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped or left to do: a run that has any is not green. */
  readonly skipped: number;
  /** Tests that this machine can't run, by what they need, in words with the command that helps. */
  readonly needs: ReadonlyMap<string, number>;
}

/** A test that needs what not every machine has says so where it is skipped, at the begin of its title: `needs [reason] title`. */
const NEEDS = /^needs \[([^\]]+)\] /;

interface Report {
  readonly testResults?: readonly {
    readonly status?: string;
    readonly name?: string;
    readonly assertionResults?: readonly { readonly status?: string; readonly title?: string }[];
  }[];
}

/**
 * `report`: vitest's JSON report, undefined when there is none. A file that failed without a failed test in it (it could
 * not be loaded, or a hook failed) counts as one failure; so does a runner that failed without naming one.
 */
export function countTests(report: Report | undefined, exitCode: number | null): Counts {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const needs = new Map<string, number>();
  for (const file of report?.testResults ?? []) {
    let fileFailed = 0;
    for (const test of file.assertionResults ?? []) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') fileFailed += 1;
      else {
        const need = NEEDS.exec(test.title ?? '')?.[1];
        if (need === undefined) skipped += 1;
        else needs.set(need, (needs.get(need) ?? 0) + 1);
      }
    }
    failed += fileFailed === 0 && file.status === 'failed' ? 1 : fileFailed;
  }
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped, needs };
}
