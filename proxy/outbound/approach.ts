/** The way of one exchange to an endpoint: try one, try another, wait while none is ready, and give up in time. */
import type { Queued } from '../balance/readiness-queue.ts';
import type { FaultCodeName } from '../wire/mesh.ts';
import { Attempts } from './attempts.ts';
import type { EndpointConnections } from './endpoint.ts';
import type { Upstream } from './upstream.ts';

/** Who looks for an endpoint. */
export interface Seeker {
  /** Try this one; `reached` or `failed` says how it went. */
  approach(endpoint: EndpointConnections): void;
  /** There is none to be had. */
  gaveUp(code: FaultCodeName): void;
  /** One more attempt is made. */
  retried(): void;
}

/** Codes that the next moment may mend: an endpoint restarts, another one comes. */
const PASSING: ReadonlySet<FaultCodeName> = new Set<FaultCodeName>(['connect-failed', 'connect-timeout', 'no-endpoints', 'failfast', 'draining']);

export class Approach implements Queued {
  readonly attempts: Attempts;
  private readonly upstream: Upstream;
  private readonly seeker: Seeker;
  private queued = false;
  private tried = false;

  constructor(upstream: Upstream, seeker: Seeker) {
    this.upstream = upstream;
    this.seeker = seeker;
    this.attempts = new Attempts(upstream);
  }

  /** A new exchange. */
  begin(): void {
    this.attempts.begin();
    this.tried = false;
    this.proceed();
  }

  /** The same exchange once more, at another endpoint where there is one. */
  again(): void {
    this.attempts.again();
    this.tried = false;
    this.proceed();
  }

  proceed(): void {
    this.queued = false;
    const { failfast } = this.upstream;
    if (failfast.calm) return this.next();
    const decision = failfast.decide(this.nowUs());
    switch (decision) {
      case 'try':
        return this.next();
      case 'wait':
        return this.wait();
      case 'fail':
        this.upstream.counters.failfastOutbound += 1;
        return this.seeker.gaveUp(this.reason());
      default:
        decision satisfies never;
    }
  }

  /** The endpoint took it: whoever waits may go on too. */
  reached(): void {
    this.upstream.reached();
  }

  /** The endpoint couldn't be reached. */
  failed(code: FaultCodeName): void {
    this.tried = true;
    if (!this.attempts.failed(code)) return this.unready();
    this.next();
  }

  /** The exchange no longer waits. */
  cancel(): void {
    if (this.queued) this.upstream.queue.cancel(this);
    this.queued = false;
  }

  private next(): void {
    const endpoint = this.attempts.next();
    if (endpoint === null) return this.unready();
    if (this.tried) this.seeker.retried();
    this.tried = false;
    this.seeker.approach(endpoint);
  }

  /** All that could be tried was. */
  private unready(): void {
    const { upstream } = this;
    const { code } = this.attempts;
    // A denial, for example, says that somebody is there.
    if (!PASSING.has(code)) return this.seeker.gaveUp(code);
    const nowUs = this.nowUs();
    if (!upstream.parts.balancer.ready(nowUs)) upstream.failfast.unready(nowUs, upstream.parts.random());
    if (upstream.failfast.active(nowUs)) return this.seeker.gaveUp(code);
    this.attempts.renew();
    this.wait();
  }

  private wait(): void {
    this.queued = this.upstream.queue.wait(this);
    if (!this.queued) this.seeker.gaveUp('queue-full');
  }

  /** What this exchange met itself says more than that others met something before. */
  private reason(): FaultCodeName {
    const { code } = this.attempts;
    return code === 'no-endpoints' && this.upstream.parts.balancer.size > 0 ? 'failfast' : code;
  }

  private nowUs(): number {
    return this.upstream.parts.hops.sockets.nowUs();
  }
}
