/** Tap sessions of the cluster: which proxies are asked, how much all of them may tell, and what waits for the cloud. */
import type { WorkloadKey } from '../../proxy/wire/labels.ts';
import type { TapReport, TapSession } from '../../proxy/wire/tap.ts';
import { TAP_EVENTS_PER_SECOND_MAX, TAPS_MAX } from '../wire/tap.ts';
import type { AgentTapReport, AgentTapSession } from '../wire/tap.ts';

/** Reports of one session are gathered for so long. */
export const TAP_FLUSH_MS = 250;

/** Who tells. */
export interface Teller {
  readonly workload: WorkloadKey;
  readonly name: string;
}

interface Running {
  readonly session: AgentTapSession;
  readonly endsMs: number;
  reports: AgentTapReport[];
  second: number;
  told: number;
}

export class Taps {
  #running = new Map<string, Running>();
  /** Events that the cluster's rate kept back, and reports of sessions that were over, since the start. */
  dropped = 0;
  unasked = 0;

  /** Replaces all sessions; those that go on end no later than they would have. */
  set(sessions: readonly AgentTapSession[], nowMs: number): void {
    const before = this.#running;
    this.#running = new Map(
      sessions.slice(-TAPS_MAX).map((session) => {
        const known = before.get(session.id);
        const endsMs = Math.min(known?.endsMs ?? Number.POSITIVE_INFINITY, nowMs + session.endsInMs);
        return [session.id, { session, endsMs, reports: known?.reports ?? [], second: known?.second ?? 0, told: known?.told ?? 0 }];
      }),
    );
  }

  get size(): number {
    return this.#running.size;
  }

  /** What a proxy of that workload is asked for. */
  of(workload: WorkloadKey, nowMs: number): TapSession[] {
    return [...this.#running.values()]
      .filter(({ session, endsMs }) => endsMs > nowMs && (session.workload === null || session.workload === workload))
      .map(({ session: { id, filter, perSecondMax }, endsMs }) => ({ id, filter, perSecondMax, endsInMs: Math.max(0, Math.round(endsMs - nowMs)) }));
  }

  /** Takes what a proxy tells. */
  take(teller: Teller, reports: readonly TapReport[], nowMs: number): void {
    for (const report of reports) {
      const running = this.#running.get(report.session);
      const { workload } = running?.session ?? {};
      if (running === undefined || (workload !== null && workload !== teller.workload)) this.unasked += 1;
      else running.reports.push(this.#within(running, teller, report, nowMs));
    }
  }

  /** What is to be sent now; sessions that are over go with it. */
  flush(nowMs: number): AgentTapReport[] {
    const reports = [...this.#running.values()].flatMap((running) => running.reports.splice(0));
    for (const [id, { endsMs }] of this.#running) if (endsMs + TAP_FLUSH_MS * 4 < nowMs) this.#running.delete(id);
    return reports;
  }

  /** Keeps the sum of all proxies below the cluster's rate. */
  #within(running: Running, { workload, name }: Teller, report: TapReport, nowMs: number): AgentTapReport {
    const second = Math.floor(nowMs / 1_000);
    if (second !== running.second) {
      running.second = second;
      running.told = 0;
    }
    const events = report.events.slice(0, Math.max(0, TAP_EVENTS_PER_SECOND_MAX - running.told));
    const over = report.events.length - events.length;
    running.told += events.length;
    this.dropped += over;
    return { session: report.session, workload, proxy: name, events, matched: report.matched, dropped: report.dropped + over };
  }
}
