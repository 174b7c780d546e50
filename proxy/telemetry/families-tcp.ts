/** linkerd2-proxy's families of transport connections and their bytes. */
import type { LabelledSeries } from './cumulative.ts';
import { family, sample, type Pieces } from './exposition.ts';
import { transportLabels } from './labels.ts';
import type { Series } from './series.ts';

export function* transportFamilies(series: Series, policy: string): Pieces {
  const all = [...series.transports.values()].map((transport) => ({ ...transport, labels: transportLabels(transport, policy) }));
  yield* family('tcp_open_total', 'counter', 'Total count of opened connections', all.map(({ labels, opened }) => sample('tcp_open_total', labels, opened)));
  yield* family('tcp_open_connections', 'gauge', 'Number of currently-open connections', all.map(({ labels, opened, closed }) => sample('tcp_open_connections', labels, opened - closed)));
  yield* family('tcp_close_total', 'counter', 'Total count of closed connections', all.map(({ labels, closed }) => sample('tcp_close_total', `${labels},errno=""`, closed)));
  yield* byteFamilies(series, policy);
}

/** Bytes as the exchanges saw them, on both of their ends: what one end is read from, the other is written to. */
function* byteFamilies(series: Series, policy: string): Pieces {
  const read = (one: End) => sample('tcp_read_bytes_total', one.labels, one.read);
  const written = (one: End) => sample('tcp_write_bytes_total', one.labels, one.written);
  yield* family('tcp_read_bytes_total', 'counter', 'Total count of bytes read from peers', each(ends(series, policy), read));
  yield* family('tcp_write_bytes_total', 'counter', 'Total count of bytes written to peers', each(ends(series, policy), written));
}

interface End {
  readonly labels: string;
  readonly read: number;
  readonly written: number;
}

function* each(all: Iterable<End | null>, text: (end: End) => string): Pieces {
  for (const end of all) yield end === null ? '' : text(end);
}

/** The far end of each series, then the near end of each direction; null while nothing is to be said. */
function* ends(series: Series, policy: string): Generator<End | null> {
  const near = { inbound: { bytesIn: 0, bytesOut: 0, seen: false }, outbound: { bytesIn: 0, bytesOut: 0, seen: false } };
  for (const one of series.labelled.values()) {
    const sum = near[one.key.direction];
    sum.bytesIn += one.bytesIn;
    sum.bytesOut += one.bytesOut;
    sum.seen = true;
    yield one.bytesIn + one.bytesOut > 0 ? farEnd(one, policy) : null;
  }
  for (const direction of ['inbound', 'outbound'] as const) {
    const { bytesIn, bytesOut, seen } = near[direction];
    const outbound = direction === 'outbound';
    const labels = transportLabels({ direction, peer: outbound ? 'src' : 'dst', facts: null }, policy);
    if (seen) yield outbound ? { labels, read: bytesIn, written: bytesOut } : { labels, read: bytesOut, written: bytesIn };
  }
}

function farEnd({ key, facts, bytesIn, bytesOut }: LabelledSeries, policy: string): End {
  const outbound = key.direction === 'outbound';
  const ends = { ...facts, tls: key.tls, ...(outbound ? { service: key.service, destination: key.destination } : {}) };
  const labels = transportLabels({ direction: key.direction, peer: outbound ? 'dst' : 'src', facts: ends }, policy);
  return outbound ? { labels, read: bytesOut, written: bytesIn } : { labels, read: bytesIn, written: bytesOut };
}
