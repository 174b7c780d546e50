/** Looking at exchanges as they happen: what is asked of a proxy, and what it tells. Never a body, a query or another header. */
import type { Direction, Fault, Protocol, ServiceKey, TlsState, WorkloadKey } from './labels.ts';

/** Events a second that a proxy tells of one session where nobody says otherwise, and at most. */
export const TAP_PER_SECOND_DEFAULT = 100;
export const TAP_PER_SECOND_MAX = 1_000;
/** Sessions at one proxy at a time; the oldest ends for a further one. */
export const TAP_SESSIONS_MAX = 8;
/** Longest session, however often it is asked for again. */
export const TAP_MS_MAX = 10 * 60_000;
/** A longer path is cut. */
export const TAP_PATH_LETTERS_MAX = 256;
/** Events are gathered for so long before they are sent. */
export const TAP_REPORT_MS = 250;
/** Events in one report; what is over waits for the next. */
export const TAP_EVENTS_MAX = 500;

/** Absent members let everything pass; what is there must all hold. */
export interface TapFilter {
  readonly direction?: Direction | undefined;
  /** In capitals. */
  readonly method?: string | undefined;
  readonly pathPrefix?: string | undefined;
  /** 1 to 5: the first digit of the status; 0: no answer. */
  readonly statusClass?: number | undefined;
  /** The workload at the other end. */
  readonly peer?: WorkloadKey | undefined;
}

/** A session as a proxy is told of it. */
export interface TapSession {
  /** 1 to 64 letters, digits and hyphens. */
  readonly id: string;
  readonly filter: TapFilter;
  readonly perSecondMax: number;
  /** It ends so many ms after the message, whatever becomes of the link. */
  readonly endsInMs: number;
}

/** One exchange. */
export interface TapEvent {
  /** ms from its end to the sending of the report. */
  readonly agoMs: number;
  readonly direction: Direction;
  readonly protocol: Protocol;
  readonly tls: TlsState;
  readonly source: WorkloadKey;
  readonly service: ServiceKey;
  readonly destination: WorkloadKey;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly route: string | null;
  /** 0: no answer. */
  readonly status: number;
  readonly grpcStatus: number | null;
  readonly fault: Fault | null;
  /** Why a proxy answered itself. */
  readonly code: string | null;
  /** −1: no answer. */
  readonly latencyUs: number;
  readonly durationUs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly retries: number;
  /** 32 hex digits of the trace context that the request came with, or null. */
  readonly traceId: string | null;
}

/** What a proxy tells of one session since its last report. */
export interface TapReport {
  readonly session: string;
  readonly events: readonly TapEvent[];
  /** Exchanges that the filter let pass, and those of them that the rate or a limit kept from being told. */
  readonly matched: number;
  readonly dropped: number;
}
