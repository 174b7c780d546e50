/** An app behind real sidecars and clients that never stop: front calls back, side stands alone. What the clients saw is counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, openClient, serveApp } from '../e2e/apps.ts';
import type { WorkloadPlan } from '../mesh/layout.ts';
import type { MeshBed } from './mesh-bed.ts';

export const SHOP_PLANS: readonly WorkloadPlan[] = [
  { name: 'front', namespace: 'shop', protocol: 'http1', calls: ['shop/back'], plain: true },
  { name: 'back', namespace: 'shop', protocol: 'http1', calls: [], plain: false },
  { name: 'side', namespace: 'shop', protocol: 'http1', calls: [], plain: true },
];

/** What the clients of one entrance saw. */
export interface Seen {
  sent: number;
  failuresApp: number;
  /** Answers other than the app's own, and connections that failed. */
  broken: number;
  /** When each whole answer came, ms since 1970, in order. */
  readonly answeredMs: number[];
}

export interface ShopTraffic {
  readonly front: Seen;
  readonly side: Seen;
  /** Sends no more; resolves when all is answered. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const LANES = 4;
const PAUSE_MS = 30;
const FAILING = 7;

export async function startShopTraffic(bed: MeshBed): Promise<ShopTraffic> {
  const front = bed.workload('shop/front');
  const toBack = openClient(front.upstreams[0]?.listen ?? '', LANES);
  const apps: App[] = [
    await serveApp(front.target, async (request, response) => {
      const answer = await toBack.get(request.url ?? '/');
      response.writeHead(answer.status).end(answer.body);
    }),
    await serveApp(bed.workload('shop/back').target, answerOwn),
    await serveApp(bed.workload('shop/side').target, answerOwn),
  ];
  let going = true;
  const lanes = (['front', 'side'] as const).map((name) => startLanes(bed.workload(`shop/${name}`).plain ?? '', () => going));
  const [frontLanes, sideLanes] = lanes;
  if (frontLanes === undefined || sideLanes === undefined) throw new Error('there are two entrances');
  return {
    front: frontLanes.seen,
    side: sideLanes.seen,
    stop: async () => {
      going = false;
      await Promise.all(lanes.map(({ done }) => done));
    },
    close: async () => {
      going = false;
      toBack.close();
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

async function answerOwn(request: { url?: string | undefined }, response: { writeHead(status: number): { end(body: string): unknown } }): Promise<void> {
  await sleep((Number(request.url?.split('/').at(-1)) * 7) % 40);
  response.writeHead(fails(Number(request.url?.split('/').at(-1))) ? 503 : 200).end('ok');
}

const fails = (index: number): boolean => index % 10 === FAILING;

function startLanes(address: string, going: () => boolean): { readonly seen: Seen; readonly done: Promise<void> } {
  const seen: Seen = { sent: 0, failuresApp: 0, broken: 0, answeredMs: [] };
  const client = openClient(address, LANES);
  const lane = async (): Promise<void> => {
    while (going()) {
      const index = seen.sent;
      seen.sent += 1;
      const status = await client.get(`/items/${index}`).then((answer) => answer.status, () => 0);
      if (status === (fails(index) ? 503 : 200)) {
        seen.answeredMs.push(Date.now());
        if (fails(index)) seen.failuresApp += 1;
      } else {
        seen.broken += 1;
      }
      await sleep(PAUSE_MS);
    }
  };
  return { seen, done: Promise.all(Array.from({ length: LANES }, lane)).then(() => client.close()) };
}
