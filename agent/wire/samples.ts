/** One message of each kind with every field in use: what the golden files hold, and what readers are tested with. */
import type { AgentDown } from './down.ts';
import type { CounterColumns } from './rollup.ts';
import type { AgentUp } from './up.ts';

const counters: CounterColumns = {
  requests: [3, 2],
  failuresApp: [1, 0],
  failuresMesh: [0, 1],
  failuresClient: [1, 0],
  retries: [0, 4],
  bytesIn: [1200, 800],
  bytesOut: [52_000, 0],
  latency: [[1, 80, 2, 3, 1], [1]],
  durationSumUs: [5100, 90],
  appSumUs: [0, 0],
  queueSumUs: [12, 3_000_000],
};

/** A new kind of message doesn't compile until it has its sample here. */
export const SAMPLES = {
  hello: { kind: 'hello', wire: 1, agentVersion: '0.1.0', platform: 'host', epoch: 7, clockMs: 1_795_384_360_625, windowMs: 10_000 },
  frame: {
    kind: 'frame',
    epoch: 7,
    sequence: 42,
    previous: 41,
    windows: [
      {
        startMs: 1_795_384_350_000,
        lengthMs: 10_000,
        strings: ['', 'shop/host/web', 'shop/cart', 'shop/host/cart', 'GET /carts/:id', 'other'],
        edges: { direction: [1, 0], source: [1, 0], service: [2, 2], destination: [3, 0], protocol: [0, 3], tls: [0, 1], ...counters },
        routes: { direction: [1, 1], service: [2, 2], route: [4, 5], ...counters },
        proxies: 2,
      },
    ],
    marks: { '4b94dfe98e476ea4': 17, '00000000000000aa': 1 },
    dropped: { proxyWindows: 1, frames: 2, folded: 3 },
  },
  topology: {
    kind: 'topology',
    snapshot: {
      takenAtMs: 1_795_384_360_700,
      workloads: [
        { key: 'shop/host/web', serviceAccount: 'web', identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local', meshed: true, instances: 2 },
        { key: 'shop/host/legacy', serviceAccount: 'legacy', identity: null, meshed: false, instances: 1 },
      ],
      services: [{ key: 'shop/web', ports: [{ port: 80, protocol: 'http1' }], workloads: ['shop/host/web'] }],
      proxies: [
        {
          instance: '4b94dfe98e476ea4',
          name: 'web-1',
          workload: 'shop/host/web',
          version: '0.1.0',
          identity: 'web.shop.serviceaccount.identity.sidelight.cluster.local',
          ready: true,
          connected: true,
          certificateNotAfter: '2026-11-23T21:52:41.000Z',
        },
      ],
      trustDomain: 'cluster.local',
      trustAnchorNotAfter: '2036-11-19T21:52:40.000Z',
    },
  },
  welcome: {
    kind: 'welcome',
    wire: 1,
    epoch: 7,
    positions: [{ epoch: 6, sequence: 180 }, { epoch: 7, sequence: 41 }],
    marks: { '4b94dfe98e476ea4': 16 },
    clockMs: 1_795_384_360_650,
    cluster: { id: 'cl_1', name: 'laptop' },
  },
  acknowledge: { kind: 'acknowledge', epoch: 7, sequence: 42 },
  resend: { kind: 'resend', epoch: 7, after: 40 },
  tapped: {
    kind: 'tapped',
    reports: [
      {
        session: 'tap_1', workload: 'shop/host/web', proxy: 'web-1', matched: 3, dropped: 2,
        events: [
          {
            agoMs: 120, direction: 'outbound', protocol: 'http1', tls: 'mtls', source: 'shop/host/web', service: 'shop/cart', destination: 'shop/host/cart', method: 'GET',
            path: '/carts/7', route: 'GET /carts/:id', status: 503, grpcStatus: null, fault: 'mesh', code: 'connect-failed', latencyUs: -1, durationUs: 900, bytesIn: 120,
            bytesOut: 300, retries: 1, traceId: '0af7651916cd43dd8448eb211c80319c',
          },
        ],
      },
    ],
  },
  tap: { kind: 'tap', sessions: [{ id: 'tap_1', workload: 'shop/host/web', filter: { direction: 'outbound', method: 'GET', pathPrefix: '/carts', statusClass: 5, peer: 'shop/host/cart' }, perSecondMax: 100, endsInMs: 60_000 }] },
  credential: { kind: 'credential', credential: 'slc_WyJvcmdfMSIsImNsdV8xIiwidG9rXzEiLDFd.c2lnbmF0dXJl', lifetimeMs: 3_600_000 },
  slow: { kind: 'slow', waitMs: 4_000 },
  refused: { kind: 'refused', code: 'fenced', message: 'A newer agent has taken over.', retryAfterMs: 60_000 },
} as const satisfies { readonly [Kind in (AgentUp | AgentDown)['kind']]: Extract<AgentUp | AgentDown, { kind: Kind }> };
