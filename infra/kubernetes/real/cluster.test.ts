/** The test cluster itself: what every other test here stands on. */
import { createSocket } from 'node:dgram';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCluster, startCluster } from '../cluster.ts';
import { NODE_NAME, PAUSE_IMAGE } from '../node-plan.ts';

let cluster: TestCluster;
const LIMIT_MS = 60_000;

beforeAll(async () => {
  cluster = await startCluster(() => undefined);
});
afterAll(() => cluster?.down());

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
    await sleep(100);
  }
}

const WEB = {
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: PAUSE_IMAGE, imagePullPolicy: 'Never' }] } } } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } },
  ],
};

/** RFC 1035 §4.1: the code and the number of answers for the A records of a name. */
function ask(name: string, server: string): Promise<{ code: number; answers: number }> {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const question = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
  const socket = createSocket('udp4');
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no answer for ${name}`)), 5_000);
    socket.once('message', (answer) => {
      clearTimeout(timer);
      socket.close();
      done({ code: answer.readUInt8(3) & 15, answers: answer.readUInt16BE(6) });
    });
    socket.send(question, 53, server);
  });
}

test('pods are scheduled and run, a service gets their addresses, and its name resolves', async () => {
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(WEB));
  await until('two pods run', async () => (await cluster.kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}'])) === '2');
  await until('the service has two endpoints', async () => (await cluster.kubectl(['get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', 'jsonpath={.items[*].endpoints[*].addresses[0]}'])).split(' ').length === 2);
  const node = await cluster.kubectl(['get', 'node', NODE_NAME, '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}']);
  expect(await ask('web.default.svc.cluster.local', node)).toEqual({ code: 0, answers: 1 });
  expect(await ask('nobody.default.svc.cluster.local', node)).toMatchObject({ code: 3 });
});

test('a token of a pod’s service account is taken by the API server, for its audience only', async () => {
  const token = (await cluster.kubectl(['create', 'token', 'default', '--audience', 'identity.sidelight.dev'])).trim();
  const review = (audience: string): Promise<string> => cluster.kubectl(['create', '-o', 'jsonpath={.status.authenticated}', '-f', '-'], JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [audience] } }));
  expect(await review('identity.sidelight.dev')).toBe('true');
  expect(await review('another')).not.toBe('true');
});

test('nothing is left once it is down', async () => {
  const namespaces = (await cluster.inNode('ls', ['/run'])).length;
  expect(namespaces).toBeGreaterThan(0);
  await cluster.down();
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('sidelight-kubernetes-') && cluster.kubeconfig.includes(name))).toEqual([]);
  expect((await readdir('/run/netns').catch(() => [])).filter((name) => /^sidelight-[0-9a-f]{6}$/.test(name))).toEqual([]);
});
