/** Runs the corpus and mutants of it against real proxies, several lanes at a time. */
import type { Bed, Lane } from './bed.ts';
import type { RequestCase, ResponseCase } from './corpus/case.ts';
import { REQUESTS } from './corpus/requests.ts';
import { RESPONSES } from './corpus/responses.ts';
import { BASE_BYTES_MAX, cut, mutant, randomOf } from './mutate.ts';
import { Tally, type Outcome } from './outcome.ts';
import type { Judge } from './reading.ts';
import { tryRequest } from './try-request.ts';
import { tryResponse } from './try-response.ts';

/** After such a silence the client ends its side; answers still count behind it. A mutant that nothing comes of only holds up its lane. */
const CORPUS_QUIET_MS = 300;
const MUTANT_QUIET_MS = 40;
/** Of ten mutants so many are requests. */
const REQUEST_SHARE = 0.75;
/** Of ten mutated requests so many were good before. */
const GOOD_SHARE = 0.75;
/** A proxy that crashes more often is not tested any more but broken. */
const CRASHES_MAX = 20;

interface Trial {
  readonly name: string;
  readonly pieces: readonly string[];
  run(lane: Lane, judges: readonly Judge[]): Promise<Outcome>;
}

function requestTrial(name: string, pieces: readonly string[], promise: RequestCase | null): Trial {
  const quietMs = promise === null ? MUTANT_QUIET_MS : CORPUS_QUIET_MS;
  return { name, pieces, run: (lane, judges) => tryRequest(lane, judges, { pieces, promise, quietMs }) };
}

function responseTrial(name: string, payload: string, { answers, promise }: Pick<ResponseCase, 'answers'> & { promise: ResponseCase['promise'] | null }): Trial {
  const quietMs = promise === null ? MUTANT_QUIET_MS : CORPUS_QUIET_MS;
  return { name, pieces: [payload], run: (lane, judges) => tryResponse(lane, judges, { payload, answers, promise, quietMs }) };
}

/** Every request of the corpus, whole and cut at places that the seed chooses. */
export function corpusRequests(seed: number): Trial[] {
  return REQUESTS.flatMap((one, index) => {
    const name = `${one.section} ${one.name}`;
    return [requestTrial(name, [one.payload], one), requestTrial(`${name} (in pieces)`, inPieces(one.payload, seed, index), one)];
  });
}

function inPieces(payload: string, seed: number, index: number): string[] {
  const random = randomOf(seed, index);
  const place = 1 + Math.floor(random() * payload.length);
  return [payload.slice(0, place), payload.slice(place)].filter((piece) => piece.length > 0);
}

export function corpusResponses(): Trial[] {
  return RESPONSES.map((one) => responseTrial(`${one.section} ${one.name}`, one.payload, one));
}

/** Mutant number `index` of a run. */
export function mutantTrial(seed: number, index: number): Trial {
  const random = randomOf(seed, index);
  const name = `mutant ${index} of seed ${seed}`;
  if (random() < REQUEST_SHARE) {
    const bases = random() < GOOD_SHARE ? GOOD_REQUESTS : REQUEST_BASES;
    return requestTrial(name, cut(mutant(bases, random), random), null);
  }
  const base = RESPONSE_BASES[Math.floor(random() * RESPONSE_BASES.length)];
  if (base === undefined) throw new Error('the corpus has no short response');
  return responseTrial(name, mutant([base.payload, ...NEAR_RESPONSES], random), { answers: base.answers, promise: null });
}

const short = (payload: string): boolean => payload.length > 0 && payload.length <= BASE_BYTES_MAX;
const REQUEST_BASES = REQUESTS.map(({ payload }) => payload).filter(short);
const GOOD_REQUESTS = REQUESTS.filter(({ payload, reached }) => short(payload) && reached > 0).map(({ payload }) => payload);
const RESPONSE_BASES = RESPONSES.filter(({ payload }) => short(payload));
const NEAR_RESPONSES = RESPONSE_BASES.filter(({ promise }) => promise.kind === 'passes').map(({ payload }) => payload).slice(0, 3);

/** Lets the lanes work through the trials. `trialAt` gives the n-th. */
export async function runTrials(title: string, bed: Bed, judges: readonly Judge[], count: number, trialAt: (index: number) => Trial | undefined, progress: (done: number) => void): Promise<Tally> {
  const tally = new Tally(title);
  let next = 0;
  let crashes = 0;
  let mending: Promise<string | null> | null = null;
  const work = async (lane: Lane): Promise<void> => {
    for (;;) {
      const index = next++;
      const trial = index < count && crashes < CRASHES_MAX ? trialAt(index) : undefined;
      if (trial === undefined) return;
      const outcome = await trial.run(lane, judges).catch((error: unknown): Outcome => ({ faults: [{ kind: 'crash', detail: String(error) }], stricter: [], end: 'silent' }));
      tally.add(trial.name, trial.pieces, outcome);
      if (outcome.faults.length > 0) {
        mending ??= bed.mend();
        const log = await mending;
        mending = null;
        if (log !== null) crashes += 1;
        if (log !== null) tally.fault({ kind: 'crash', detail: log, name: trial.name, payload: trial.pieces.join(''), pieces: [] });
      }
      progress(tally.payloads);
    }
  };
  await Promise.all(bed.lanes.map(work));
  return tally;
}
