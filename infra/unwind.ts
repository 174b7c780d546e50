/** What was started, to be stopped in the opposite order, each step even when one before it failed. */

export interface Unwinder {
  /** `stop` runs at `unwind`, after everything added later. */
  add(stop: () => Promise<unknown> | void): void;
  /** Safe to call twice; throws an AggregateError of what failed after all steps ran. */
  unwind(): Promise<void>;
}

export function openUnwinder(): Unwinder {
  const steps: (() => Promise<unknown> | void)[] = [];
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'some steps of the stop failed');
  };
  return {
    add: (stop) => { steps.push(stop); },
    unwind: () => (running ??= run()),
  };
}
