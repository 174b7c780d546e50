/** Tap sessions: which exchanges they want, how many a second, and what is told of them. Time comes as monotonic ms. */
import type { ExchangeEnd } from '../exchange.ts';
import type { Direction } from '../wire/labels.ts';
import type { EdgeKey } from '../wire/report.ts';
import {
  TAP_EVENTS_MAX,
  TAP_MS_MAX,
  TAP_PATH_LETTERS_MAX,
  TAP_PER_SECOND_MAX,
  TAP_SESSIONS_MAX,
  type TapEvent,
  type TapFilter,
  type TapReport,
  type TapSession,
} from '../wire/tap.ts';

/** An exchange as it is offered to the sessions. */
export interface TapFacts {
  readonly edge: EdgeKey;
  readonly method: string;
  readonly path: string;
  readonly traceId: string | null;
  readonly end: ExchangeEnd;
}

interface Running {
  readonly session: TapSession;
  readonly endsMs: number;
  events: { readonly event: Omit<TapEvent, 'agoMs'>; readonly atMs: number }[];
  matched: number;
  dropped: number;
  /** The second that is counted, and how many were told in it. */
  second: number;
  told: number;
}

export class Taps {
  #running: Running[] = [];
  /** Exchanges that a rate or limit kept from being told, since the start. */
  droppedTotal = 0;
  toldTotal = 0;

  /** Replaces all sessions; one that goes on keeps what it has, but never ends later than it would have. */
  set(sessions: readonly TapSession[], nowMs: number): void {
    const before = new Map(this.#running.map((running) => [running.session.id, running]));
    this.#running = sessions.slice(-TAP_SESSIONS_MAX).map((session) => {
      const known = before.get(session.id);
      const endsMs = nowMs + Math.min(session.endsInMs, TAP_MS_MAX);
      if (known !== undefined) return { ...known, session, endsMs: Math.min(known.endsMs, endsMs) };
      return { session, endsMs, events: [], matched: 0, dropped: 0, second: 0, told: 0 };
    });
  }

  get sessions(): number {
    return this.#running.length;
  }

  /** Somebody may want exchanges of that direction. */
  wants(direction: Direction): boolean {
    return this.#running.some(({ session: { filter } }) => (filter.direction ?? direction) === direction);
  }

  /** Offers an exchange that ended. */
  offer(facts: TapFacts, nowMs: number): void {
    for (const running of this.#running) {
      if (nowMs >= running.endsMs || !passes(running.session.filter, facts)) continue;
      running.matched += 1;
      if (this.#within(running, nowMs)) running.events.push({ event: eventOf(facts), atMs: nowMs });
      else {
        running.dropped += 1;
        this.droppedTotal += 1;
      }
    }
  }

  /** What is to be told now; nothing where nothing was seen. Sessions that are over are told of for the last time. */
  take(nowMs: number): TapReport[] {
    const reports = this.#running.filter(({ matched }) => matched > 0).map((running) => this.#report(running, nowMs));
    this.#running = this.#running.filter(({ endsMs }) => nowMs < endsMs);
    return reports;
  }

  #within(running: Running, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== running.second) {
      running.second = second;
      running.told = 0;
    }
    if (running.told >= Math.min(running.session.perSecondMax, TAP_PER_SECOND_MAX) || running.events.length >= TAP_EVENTS_MAX) return false;
    running.told += 1;
    return true;
  }

  #report(running: Running, nowMs: number): TapReport {
    const { session, matched, dropped } = running;
    const events = running.events.map(({ event, atMs }): TapEvent => ({ ...event, agoMs: Math.max(0, Math.round(nowMs - atMs)) }));
    running.events = [];
    running.matched = running.dropped = 0;
    this.toldTotal += events.length;
    return { session: session.id, events, matched, dropped };
  }
}

function passes(filter: TapFilter, { edge, method, path, end }: TapFacts): boolean {
  const { direction, method: wanted, pathPrefix, statusClass, peer } = filter;
  if (direction !== undefined && direction !== edge.direction) return false;
  if (wanted !== undefined && wanted !== method) return false;
  if (pathPrefix !== undefined && !path.startsWith(pathPrefix)) return false;
  if (statusClass !== undefined && Math.floor(end.status / 100) !== statusClass) return false;
  return peer === undefined || peer === (edge.direction === 'inbound' ? edge.source : edge.destination);
}

function eventOf({ edge, method, path, traceId, end }: TapFacts): Omit<TapEvent, 'agoMs'> {
  const { direction, protocol, tls, source, service, destination } = edge;
  const { fault, status, latencyUs, durationUs, retries, route } = end;
  return {
    direction, protocol, tls, source, service, destination, method, path: path.slice(0, TAP_PATH_LETTERS_MAX), route, status,
    grpcStatus: end.grpcStatus ?? null, fault, code: end.code ?? null, latencyUs, durationUs,
    bytesIn: end.bytesIn ?? 0, bytesOut: end.bytesOut ?? 0, retries, traceId,
  };
}
