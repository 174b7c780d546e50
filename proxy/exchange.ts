/** The facts of one exchange that counting needs, filled by the data path when the exchange ends. */
import type { Fault } from './wire/labels.ts';
import type { FaultCodeName } from './wire/mesh.ts';

export interface ExchangeEnd {
  /** Null: a success. */
  readonly fault: Fault | null;
  /** Why a proxy failed it by itself, for `/metrics`; null or absent when the answer is the app's. */
  readonly code?: FaultCodeName | null;
  /** HTTP status sent to the caller; 0 where none was (opaque, client gone before an answer). */
  readonly status: number;
  /** Request's head to response's first byte in µs; −1 when no response came. For opaque: accept to established. */
  readonly latencyUs: number;
  /** Request's head to the end in µs. */
  readonly durationUs: number;
  /** Time in the app in µs (inbound view; 0 in the outbound view). */
  readonly appUs: number;
  /** Waiting for an endpoint or connection in µs. */
  readonly queueUs: number;
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Route template such as `GET /users/:id`, or null for opaque. */
  readonly route: string | null;
  /** `grpc-status` of a gRPC call, 0 to 16; null or absent where there is none. */
  readonly grpcStatus?: number | null;
  /** From the request's end to the exchange's end in µs; absent: not known, the whole duration is taken. */
  readonly responseUs?: number;
  /** All bytes of heads and bodies, caller to callee and back; absent where they are only counted on the edge. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}
