/** The cloud's counters as metrics about itself. Nothing here names an organization or a cluster. Pure. */
import type { AlertCounters } from '../alerts/worker.ts';
import type { UplinkCounters } from '../ingest/session.ts';
import type { RollupCounters } from '../jobs/rollup.ts';
import type { MailCounters } from '../mail/mail.ts';
import type { EntityNames } from '../series/names.ts';
import type { Family, Sample } from './exposition.ts';
import type { Queues } from './queues.ts';

/** Runs and failures of a job, by its name. */
export type JobCounters = Readonly<Record<string, { readonly runs: number; readonly failures: number }>>;

export interface ProcessFacts {
  readonly startedMs: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Agent connections of this process. */
  readonly connections: number;
  readonly uplink: UplinkCounters;
  readonly alerts: AlertCounters;
  readonly rollup: RollupCounters;
  readonly names: EntityNames['counters'];
  readonly jobs: JobCounters;
  readonly mail: MailCounters;
  /** Calls refused by the rate limit, and callers that it forgot. */
  readonly rates: { readonly refused: number; readonly forgotten: number };
  /** Answers of the API by class of status, as `2xx`. */
  readonly answers: Readonly<Record<string, number>>;
}

type Labelled = Readonly<Record<string, number>>;

const PREFIX = 'sidelight_cloud_';

/** `queues` null: the database did not answer, which `database_up` says. */
export function familiesOf(facts: ProcessFacts, queues: Queues | null): Family[] {
  return [...processFamilies(facts), ...uplinkFamilies(facts), ...alertFamilies(facts.alerts), ...jobFamilies(facts), ...queueFamilies(queues)];
}

function processFamilies({ startedMs, residentBytes, cpuSeconds, names, answers, mail, rates }: ProcessFacts): Family[] {
  return [
    gauge('start_time_seconds', 'When this process started, in seconds since 1970.', startedMs / 1000),
    gauge('resident_memory_bytes', 'Resident memory of this process.', residentBytes),
    counter('cpu_seconds_total', 'CPU time of this process.', [{ value: cpuSeconds }]),
    counter('mails_total', 'Mails by what became of them; retried ones are counted again.', labelled('result', { sent: mail.sent, retried: mail.retried, failed: mail.failed, dropped: mail.dropped })),
    counter('rate_limit_total', 'Calls that the rate limit refused, and callers that it forgot for want of room.', labelled('result', { refused: rates.refused, forgotten: rates.forgotten })),
    counter('answers_total', 'Answers of the API by class of status.', labelled('status', answers)),
    counter('names_total', 'Names of edges and routes looked up, by where they were found; evicted from the cache; folded into other by a cluster’s cap.',
      labelled('result', { hit: names.hits, miss: names.misses, evicted: names.evictions, folded: names.folded })),
  ];
}

function uplinkFamilies({ connections, uplink }: ProcessFacts): Family[] {
  return [
    gauge('uplink_connections', 'Agents connected to this process.', connections),
    counter('uplink_frames_total', 'Frames of agents by what became of them; refused ones end the connection.',
      labelled('result', { committed: uplink.frames, duplicate: uplink.duplicates, gap: uplink.gaps, refused: uplink.refused, failed: uplink.failed })),
    counter('uplink_slowed_total', 'Agents told to pause, since a message took long to store.', [{ value: uplink.slowed }]),
    counter('uplink_rows_total', 'Edge and route rows committed.', [{ value: uplink.rows }]),
    counter('uplink_snapshots_total', 'Topology snapshots committed.', [{ value: uplink.snapshots }]),
    counter('uplink_tap_reports_total', 'Reports of taps by what became of them.', labelled('result', { stored: uplink.tapReports, lost: uplink.tapReportsLost })),
    counter('ingest_lag_seconds_total', 'Time from the end of a frame’s newest window to its commit, summed; divide by committed frames.', [{ value: uplink.lagMs / 1000 }]),
  ];
}

function alertFamilies(alerts: AlertCounters): Family[] {
  return [
    counter('alert_evaluations_total', 'Rules evaluated, and clusters of rules that could not be.', labelled('result', { done: alerts.evaluated, failed: alerts.evaluationFaults })),
    counter('alert_incidents_total', 'Transitions of incidents.', labelled('transition', { opened: alerts.opened, updated: alerts.updated, resolved: alerts.resolved })),
    counter('alert_deliveries_total', 'Attempts to deliver, by outcome.', labelled('outcome', {
      delivered: alerts.delivered, retried: alerts.retried, failed: alerts.failed, disabled: alerts.disabled, deferred: alerts.deferred, lost: alerts.lost, interrupted: alerts.interrupted,
    })),
    counter('alert_faults_total', 'Runs of the alert worker that ended in a fault of ours or of the database.', [{ value: alerts.faults }]),
    counter('alert_pokes_dropped_total', 'News of fresh data that no rule was evaluated for at once.', [{ value: alerts.pokesDropped }]),
    gauge('alert_lag_seconds', 'How late the latest claim of rules came.', alerts.lagMs / 1000),
  ];
}

function jobFamilies({ rollup, jobs }: ProcessFacts): Family[] {
  const each = (pick: 'runs' | 'failures'): Sample[] => Object.entries(jobs).map(([job, counts]) => ({ labels: { job }, value: counts[pick] }));
  return [
    counter('rollup_total', 'Hours rolled up, open hours sliced, hours whose windows were gone, and tries that failed.',
      labelled('result', { hour: rollup.hours, slices: rollup.slices, expired: rollup.expired, failed: rollup.failed })),
    counter('rollup_chunks_total', 'Chunks written by the roll-up.', [{ value: rollup.chunks }]),
    counter('job_runs_total', 'Runs of a periodic job.', each('runs')),
    counter('job_failures_total', 'Runs of a periodic job that failed.', each('failures')),
  ];
}

function queueFamilies(queues: Queues | null): Family[] {
  const up = gauge('database_up', '1 when Postgres answered this scrape.', queues === null ? 0 : 1);
  if (queues === null) return [up];
  const { rules, outbox, rollup } = queues;
  return [
    up,
    { name: `${PREFIX}queue_due`, type: 'gauge', help: 'Entries of a queue that are due, over all organizations and instances.', samples: labelled('queue', { alert_rules: rules.due, outbox: outbox.due, rollup: rollup.due }) },
    {
      name: `${PREFIX}queue_oldest_seconds`, type: 'gauge', help: 'For how long the oldest entry of a queue is due.',
      samples: labelled('queue', { alert_rules: rules.oldestMs / 1000, outbox: outbox.oldestMs / 1000, rollup: rollup.oldestMs / 1000 }),
    },
    gauge('outbox_pending', 'Deliveries that are not done, those that wait for their next try included.', queues.outboxPending),
    gauge('clusters_connected', 'Clusters whose agent is connected, to any instance.', queues.clustersConnected),
  ];
}

function gauge(name: string, help: string, value: number): Family {
  return { name: PREFIX + name, help, type: 'gauge', samples: [{ value }] };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: PREFIX + name, help, type: 'counter', samples };
}

function labelled(label: string, values: Labelled): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
