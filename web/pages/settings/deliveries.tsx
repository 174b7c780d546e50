/** What was sent to a channel, and what became of it. */
import { useQuery } from '@tanstack/react-query';
import type { Delivery, HealthStatus } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { DataTable, type Column } from '../../components/data-table.tsx';
import { TextLink } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { useNowMs } from '../../components/now.ts';
import { Loaded } from '../../components/page.tsx';
import { plural } from '../../format/number.ts';
import { ago, until } from '../../format/time.ts';
import { paths } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';

const POLL_MS = 3_000;
const EVENTS = { 'incident.opened': 'incident opened', 'incident.resolved': 'incident resolved', 'channel.test': 'test' } as const satisfies Record<Delivery['event'], string>;
const LOOKS = { delivered: 'ok', pending: 'nodata', failed: 'failing' } as const satisfies Record<Delivery['state'], HealthStatus>;

export function Deliveries({ channelId }: { channelId: string }): React.JSX.Element {
  const slug = useSlug();
  const nowMs = useNowMs();
  const deliveries = useQuery(apiQuery('listDeliveries', { params: { slug, id: channelId } }, { pollMs: POLL_MS }));
  return (
    <Loaded query={deliveries} height={60}>
      {(data) => <DataTable label="Deliveries" rows={data.deliveries} columns={columnsAt(slug, nowMs)} sortKey={`sort-${channelId}`} rowKey={(delivery) => delivery.id} initialSort={{ key: 'at', descending: true }} empty={<p className="text-muted">Nothing has been sent yet.</p>} />}
    </Loaded>
  );
}

function columnsAt(slug: string, nowMs: number): Column<Delivery>[] {
  return [
    { key: 'event', head: 'event', cell: (delivery) => (delivery.incidentId === null ? EVENTS[delivery.event] : <TextLink to={paths.incident(slug, delivery.incidentId)}>{EVENTS[delivery.event]}</TextLink>) },
    { key: 'state', head: 'state', sort: (delivery) => delivery.state, cell: (delivery) => <State delivery={delivery} nowMs={nowMs} /> },
    { key: 'attempts', head: 'tries', numeric: true, sort: (delivery) => delivery.attempts, cell: (delivery) => delivery.attempts },
    { key: 'at', head: 'made', unit: 'ago', numeric: true, sort: (delivery) => delivery.createdAt, cell: (delivery) => ago(delivery.createdAt, nowMs) },
  ];
}

function State({ delivery, nowMs }: { delivery: Delivery; nowMs: number }): React.JSX.Element {
  const next = delivery.state === 'pending' && delivery.nextAttemptAt !== null && delivery.attempts > 0 ? `, again in ${until(delivery.nextAttemptAt, nowMs)}` : '';
  return (
    <span className="inline-flex max-w-md items-center gap-1.5" title={`${delivery.state} after ${plural(delivery.attempts, 'try', 'tries')}`}>
      <StatusGlyph status={LOOKS[delivery.state]} />
      <span className={delivery.state === 'failed' ? 'text-failing' : ''}>{delivery.state}{next}</span>
      {delivery.lastError !== null && delivery.state !== 'delivered' && <span className="truncate text-xs text-faint">{delivery.lastError}</span>}
    </span>
  );
}
