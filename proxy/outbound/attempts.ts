/** The attempts of one exchange at the endpoints of a service. */
import type { AttemptReport, Candidate } from '../balance/balancer.ts';
import type { Outcome } from '../balance/outcome.ts';
import { CONNECT_ATTEMPTS_MAX } from '../sockets/limits.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import type { EndpointConnections } from './endpoint.ts';
import type { Upstream } from './upstream.ts';

/** Codes that another endpoint of the same service would answer with as well. */
const FINAL: ReadonlySet<FaultCodeName> = new Set<FaultCodeName>(['no-certificate', 'denied', 'wire-version', 'queue-full']);

/** The attempts of one exchange, and what the balancer is told about them. */
export class Attempts implements AttemptReport {
  outcome: Outcome = 'neutral';
  beganUs = 0;
  random = 0;
  private readonly upstream: Upstream;
  private candidate: Candidate | null = null;
  private chosen: EndpointConnections | null = null;
  private left = 0;
  /** The balancer awaits the end of the attempt. */
  private active = false;
  private lastCode: FaultCodeName = 'no-endpoints';
  /** When there is no other endpoint, the last one is tried again. */
  private fallback = false;

  constructor(upstream: Upstream) {
    this.upstream = upstream;
  }

  /** The endpoint tried last. */
  get endpoint(): EndpointConnections | null {
    return this.chosen;
  }

  /** Why there is no connection. */
  get code(): FaultCodeName {
    return this.lastCode;
  }

  begin(): void {
    this.candidate = this.chosen = null;
    this.fallback = false;
    this.left = CONNECT_ATTEMPTS_MAX;
    this.lastCode = 'no-endpoints';
  }

  /** The same exchange once more: the last endpoint comes last. */
  again(): void {
    this.renew();
    this.fallback = true;
  }

  /** As many tries as at the begin. */
  renew(): void {
    this.left = CONNECT_ATTEMPTS_MAX;
    if (this.lastCode !== 'no-endpoints') this.fallback = true;
  }

  /** The next endpoint, another than the last, or null. */
  next(): EndpointConnections | null {
    const { balancer, random, hops } = this.upstream.parts;
    const nowUs = hops.sockets.nowUs();
    const candidate = balancer.pick(nowUs, random, this.candidate) ?? (this.fallback ? balancer.pick(nowUs, random, null) : null);
    this.fallback = false;
    if (candidate === null) {
      // Endpoints there are, but their breakers admit nobody.
      if (this.lastCode === 'no-endpoints' && balancer.size > 0) this.lastCode = 'failfast';
      return null;
    }
    this.candidate = candidate;
    this.beganUs = nowUs;
    balancer.started(candidate, nowUs);
    this.chosen = this.upstream.connections(candidate);
    this.active = true;
    return this.chosen;
  }

  /** The endpoint couldn't be reached. Returns whether another may be tried. */
  failed(code: FaultCodeName): boolean {
    this.lastCode = code;
    this.finished(-1, !FINAL.has(code));
    if (code === 'identity-unverified' && this.candidate !== null) this.upstream.wrongIdentity(this.candidate);
    this.left--;
    return this.left > 0 && !FINAL.has(code);
  }

  /** `outcome` is what the breaker is told. */
  finished(latencyUs: number, failed: boolean, outcome: Outcome = 'neutral'): void {
    if (!this.active || this.candidate === null) return;
    this.active = false;
    const { balancer, hops, random } = this.upstream.parts;
    this.outcome = outcome;
    this.random = outcome === 'failure' ? random() : 0;
    balancer.finished(this.candidate, hops.sockets.nowUs(), latencyUs, failed, this);
  }
}
