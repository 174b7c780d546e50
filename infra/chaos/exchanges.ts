/** The exchanges that real sidecars wrote down one by one, held against what is stored of them. */
import { readFile } from 'node:fs/promises';
import { parseEdgeKey } from '../../cloud/series/edge.ts';
import { bucketOf, createHistogram, toSparse } from '../../proxy/wire/histogram.ts';
import { type Sums, Tally } from './tally.ts';

/** One line of a sidecar's file: its fields that are counted. */
interface Exchange {
  readonly direction: string;
  readonly source: string;
  readonly service: string;
  readonly destination: string;
  readonly fault: 'app' | 'mesh' | 'client' | null;
  readonly latencyUs: number;
  readonly durationUs: number;
  readonly appUs: number;
  readonly queueUs: number;
  readonly retries: number;
}

const rowOf = ({ direction, source, service, destination }: Pick<Exchange, 'direction' | 'source' | 'service' | 'destination'>): string =>
  `${direction} ${source} ${service} ${destination}`;

/** All exchanges of the files. Bytes aren't in them. */
export async function readExchanges(files: readonly string[]): Promise<Tally> {
  const tally = new Tally();
  for (const file of files) {
    // A sidecar that was killed may have left half a line, of an exchange that it never counted.
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    for (const line of lines) addExchange(tally, JSON.parse(line) as Exchange);
  }
  return tally;
}

function addExchange(tally: Tally, exchange: Exchange): void {
  const { fault, latencyUs, durationUs, appUs, queueUs, retries } = exchange;
  const latency = createHistogram();
  if (latencyUs >= 0) latency[bucketOf(latencyUs)] = 1;
  const failed = (kind: Exchange['fault']): number => (fault === kind ? 1 : 0);
  tally.add(rowOf(exchange), 0, {
    requests: 1, failuresApp: failed('app'), failuresMesh: failed('mesh'), failuresClient: failed('client'), retries, bytesIn: 0, bytesOut: 0,
    latency: toSparse(latency), durationSumUs: durationUs, appSumUs: appUs, queueSumUs: queueUs,
  });
}

/** Stored edges with times left out, under the rows of `readExchanges`. Only edges of which `isWanted` says so. */
export function edgesAsExchanges(stored: Tally, isWanted: (row: string) => boolean): Tally {
  return stored.renamed((name) => {
    const labels = name.startsWith('edge ') ? parseEdgeKey(name.slice('edge '.length)) : null;
    const row = labels === null ? null : rowOf(labels);
    return row !== null && isWanted(row) ? row : null;
  }).folded(Infinity);
}

const SUMMED_US = ['durationSumUs', 'appSumUs', 'queueSumUs'] as const satisfies readonly (keyof Sums)[];

/**
 * Lines that say where the two differ: counts, failures and buckets have to be equal; a sum of times is rounded to whole
 * µs in each window, so it may differ by half of one for each of `windows`.
 */
export function exchangeDifferences(exchanges: Tally, stored: Tally, windows: number): string[] {
  const counted = (tally: Tally): Tally => tally.without([...SUMMED_US, 'bytesIn', 'bytesOut']);
  const offs = SUMMED_US.filter((name) => Math.abs(exchanges.total(name) - stored.total(name)) > windows / 2);
  return [...counted(exchanges).differences(counted(stored)), ...offs.map((name) => `${name}: ${exchanges.total(name)} and ${stored.total(name)}`)];
}
