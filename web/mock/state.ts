/** What the pretended API keeps while the page is open. */
import type { ErrorCode } from '../../cloud/wire/errors.ts';
import type { ApiToken, Channel, Delivery, Rule } from '../../cloud/wire/entities.ts';
import { makePeople, type MockPeople } from './people.ts';
import type { MockTap } from './taps.ts';
import { makeWorld, type MockCluster } from './world.ts';

/** A refusal that becomes a problem document. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface MockState {
  readonly bornMs: number;
  email: string;
  signedIn: boolean;
  readonly orgs: { slug: string; name: string }[];
  readonly clusters: MockCluster[];
  readonly rules: Rule[];
  readonly channels: Channel[];
  readonly tokens: ApiToken[];
  readonly deliveries: Delivery[];
  readonly taps: MockTap[];
  readonly people: MockPeople;
  newId(kind: string): string;
}

const DAY = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

/** A state with everything in it, or an empty one for a first visit. */
export function makeState(bornMs: number, filled: boolean): MockState {
  let made = 0;
  return {
    bornMs, email: 'ada@example.com', signedIn: filled,
    orgs: filled ? [{ slug: 'acme', name: 'Acme' }, { slug: 'lab', name: 'The lab' }] : [],
    clusters: filled ? makeWorld(bornMs) : [],
    rules: filled ? pretendedRules(bornMs) : [],
    channels: filled ? [{ id: 'ch-1', kind: 'webhook', name: 'on-call', url: 'https://hooks.example.com/sidelight', createdAt: iso(bornMs - 20 * DAY), disabledAt: null }] : [],
    tokens: filled ? [{ id: 'tk-1', name: 'ci', prefix: 'slt_9sk2', createdAt: iso(bornMs - 12 * DAY), lastUsedAt: iso(bornMs - 40_000), revokedAt: null }] : [],
    deliveries: filled ? pretendedDeliveries(bornMs) : [],
    taps: filled ? [{ id: 'tap-1', clusterId: 'c-eu', input: { perSecondMax: 100, seconds: 300 }, startedMs: bornMs - 5_000, stopped: false, matched: 0, told: 0 }] : [],
    people: makePeople(bornMs, 'ada@example.com'),
    newId(kind) {
      made++;
      return `${kind}-n${made}`;
    },
  };
}

function pretendedRules(bornMs: number): Rule[] {
  const common = { kind: 'success_rate', createdAt: iso(bornMs - 20 * DAY), enabled: true, channelIds: ['ch-1'] } as const;
  const scope = { clusterId: null, namespace: null, workload: null, service: null };
  const state = (clusterId: string, clusterName: string, firing: boolean): Rule['states'][number] => ({ clusterId, clusterName, state: firing ? 'firing' : 'ok', since: iso(bornMs - 660_000), evaluatedAt: iso(bornMs), successRate: firing ? 0.66 : 0.9994, requests: 12_400 });
  return [
    { ...common, id: 'r-1', name: 'Payments succeed', scope: { ...scope, workload: 'shop/deployment/payments' }, threshold: 0.99, windowSeconds: 300, minRequests: 20, severity: 'critical', channelIds: ['ch-1'], states: [state('c-eu', 'eu-west', true), state('c-ap', 'ap-south', false), state('c-us', 'us-east', false)] },
    { ...common, id: 'r-2', name: 'Everything in us-east', scope: { ...scope, clusterId: 'c-us' }, threshold: 0.995, windowSeconds: 600, minRequests: 100, severity: 'warning', channelIds: [], states: [state('c-us', 'us-east', false)] },
    { ...common, id: 'r-3', name: 'Search in staging', enabled: false, scope: { ...scope, clusterId: 'c-st', service: 'shop/search' }, threshold: 0.95, windowSeconds: 300, minRequests: 20, severity: 'info', channelIds: [], states: [] },
  ];
}

function pretendedDeliveries(bornMs: number): Delivery[] {
  const common = { channelId: 'ch-1', attempts: 1, nextAttemptAt: null, lastError: null } as const;
  return [
    { ...common, id: 'd-2', event: 'incident.opened', incidentId: 'i-2', state: 'delivered', createdAt: iso(bornMs - 660_000), deliveredAt: iso(bornMs - 659_000) },
    { ...common, id: 'd-1', event: 'incident.resolved', incidentId: 'i-1', state: 'pending', attempts: 3, createdAt: iso(bornMs - 24_000_000), deliveredAt: null, nextAttemptAt: iso(bornMs + 90_000), lastError: 'the receiver answered 503' },
  ];
}
