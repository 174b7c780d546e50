import { afterAll, beforeAll, expect } from 'vitest';
import { TransparentBed, type BedService, type MeshedPod } from './bed.ts';
import { netnsSupport, type Tool } from './netns.ts';
import { testInNetns } from './netns-testing.ts';
import type { PodApp } from './pod-app.ts';
import type { Pod } from './lan.ts';

const TOOLS: readonly Tool[] = ['ip', 'iptables', 'ip6tables', 'setpriv', 'tcpdump'];
const needsNetns = testInNetns(TOOLS);
const SECRET = 'xyzzy-secret-of-the-shop';
const GREETING = '220 hello from the queue\r\n';

const CART: BedService = { name: 'cart', addresses: ['10.96.0.10', 'fd00:96::10'], target: 8080 };
const QUEUE: BedService = { name: 'queue', addresses: ['10.96.0.11'], protocol: 'opaque', port: 2525, target: 2525 };
/** Nobody says what is spoken. */
const ANY: BedService = { name: 'any', addresses: ['10.96.0.13', 'fd00:96::13'], protocol: 'detect', target: 8083 };

let bed: TransparentBed | null = null;
let web: MeshedPod;
let cart: MeshedPod;
let outside: { readonly pod: Pod; readonly app: PodApp };

beforeAll(async () => {
  if (netnsSupport(TOOLS).kind !== 'ready') return;
  bed = new TransparentBed();
  await bed.prepare();
  web = bed.addPod('web', []);
  cart = bed.addPod('cart', [CART, QUEUE, ANY]);
  outside = bed.addOutside('outside');
  await bed.startAgent();
  for (const pod of [web, cart]) {
    expect(pod.init('--skip-inbound-ports', '8088', '--skip-outbound-ports', '8089')).toMatchObject({ code: 0 });
    await pod.startProxy();
  }
  for (const port of [8080, 8081, 8088]) await cart.app.serveHttp(port, `cart ${SECRET}`);
  await cart.app.serveHttp2(8083, `cart ${SECRET}`);
  await cart.app.serveGreeting(2525, GREETING);
  await cart.app.serveGreeting(6379, GREETING);
  await outside.app.serveGreeting(2526, GREETING);
  for (const port of [8085, 8086, 8089]) await outside.app.serveHttp(port, 'outside');
}, 180_000);

afterAll(async () => {
  await bed?.stop();
}, 60_000);

const ourBed = (): TransparentBed => {
  if (bed === null) throw new Error('the bed was not made');
  return bed;
};

/** What passed the router while `work` ran. */
async function packets(work: () => Promise<void>): Promise<string> {
  const sniffer = await ourBed().sniff();
  await work();
  return (await sniffer.stop()).toString('latin1');
}

const modes = ['nft', 'legacy'] as const;
for (const mode of modes) {
  const needsTables = testInNetns(TOOLS, mode);
  needsTables(`${mode}: an app that dials a service’s address over IPv4 and IPv6 is answered over mutual TLS, with nothing readable on the wire`, async () => {
    for (const pod of [web, cart]) expect(pod.init('--mode', mode, '--skip-inbound-ports', '8088', '--skip-outbound-ports', '8089')).toMatchObject({ code: 0 });
    const before = await cart.metric('request_total', 'direction="inbound"', 'tls="true"', 'client_id="web.shop.serviceaccount.identity.sidelight.cluster.local"');
    const seen = await packets(async () => {
      expect(await web.app.text('http://10.96.0.10/v4')).toBe(`200 cart ${SECRET} /v4`);
      expect(await web.app.text('http://[fd00:96::10]/v6')).toBe(`200 cart ${SECRET} /v6`);
    });
    expect(seen).not.toContain(SECRET);
    expect(seen.length).toBeGreaterThan(1_000);
    expect(await cart.metric('request_total', 'direction="inbound"', 'tls="true"', 'client_id="web.shop.serviceaccount.identity.sidelight.cluster.local"')).toBe(before + 2);
  });

  needsTables(`${mode}: a pod’s own address, IPv4 and IPv6, leads to that pod over mutual TLS, also at a port that no service owns`, async () => {
    const before = await cart.metric('request_total', 'direction="inbound"', 'tls="true"');
    const seen = await packets(async () => {
      expect(await web.app.text(`http://${cart.pod.ipv4}:8080/direct`)).toBe(`200 cart ${SECRET} /direct`);
      expect(await web.app.text(`http://[${cart.pod.ipv6}]:8080/direct6`)).toBe(`200 cart ${SECRET} /direct6`);
      expect(await web.app.text(`http://${cart.pod.ipv4}:8081/unowned`)).toBe(`200 cart ${SECRET} /unowned`);
    });
    expect(seen).not.toContain(SECRET);
    expect(await cart.metric('request_total', 'direction="inbound"', 'tls="true"')).toBeGreaterThanOrEqual(before + 2);
  });
}

needsNetns('HTTP/2 is told by its first bytes and goes stream by stream, by the service’s address and the pod’s, over both families', async () => {
  const streams = (): Promise<number> => cart.metric('request_total', 'direction="inbound"', 'tls="true"', 'target_port="8083"');
  const before = await streams();
  const seen = await packets(async () => {
    for (const host of ['10.96.0.13', '[fd00:96::13]', `${cart.pod.ipv4}:8083`, `[${cart.pod.ipv6}]:8083`]) {
      expect(await web.app.getHttp2(`http://${host}/h2`), host).toMatchObject({ status: 200, body: `cart ${SECRET} /h2` });
    }
  });
  expect(seen).not.toContain(SECRET);
  expect(await streams()).toBe(before + 4);
});

needsNetns('a server that speaks first is heard at once on an opaque port, by the service’s address and by the pod’s', async () => {
  for (const [host, port] of [['10.96.0.11', 2525], [cart.pod.ipv4, 2525], [cart.pod.ipv4, 6379]] as const) {
    const heard = await web.app.dial(host, port, '', GREETING.trim());
    expect(heard).toMatchObject({ kind: 'heard', text: GREETING });
    expect(heard.kind === 'heard' && heard.ms).toBeLessThan(5_000);
  }
});

needsNetns('a server that speaks first where nobody says so is heard when detection gives up, and at once from then on, also after a while', async () => {
  const dialled = (): ReturnType<PodApp['dial']> => web.app.dial(outside.pod.ipv4, 2526, '', GREETING.trim());
  const first = await dialled();
  expect(first).toMatchObject({ kind: 'heard', text: GREETING });
  expect(first.kind === 'heard' && first.ms).toBeGreaterThan(9_000);
  expect(first.kind === 'heard' && first.ms).toBeLessThan(14_000);
  await expect.poll(() => web.metric('sidelight_outbound_destinations'), { timeout: 20_000 }).toBe(0);
  const second = await dialled();
  expect(second.kind === 'heard' && second.ms).toBeLessThan(5_000);
}, 60_000);

needsNetns('what is not of the mesh is reached as it is, within a moment, and counted', async () => {
  const before = await web.metric('sidelight_outbound_external_connections_total');
  expect(await web.app.text(`http://${outside.pod.ipv4}:8085/out`)).toBe('200 outside /out');
  expect(await web.app.text(`http://[${outside.pod.ipv6}]:8085/out6`)).toBe('200 outside /out6');
  expect(await web.metric('sidelight_outbound_external_connections_total')).toBe(before + 2);
  expect(await web.metric('sidelight_outbound_undiscovered_total')).toBe(0);
});

needsNetns('who dials a place where nobody listens is told within a moment, outside and at a pod', async () => {
  for (const host of [outside.pod.ipv4, `[${cart.pod.ipv6}]`]) {
    const answer = await web.app.get(`http://${host}:9/nobody`);
    expect(answer.kind === 'response' ? answer.status : answer.kind, host).toSatisfy((seen) => seen === 'failed' || Number(seen) >= 502);
    expect('ms' in answer && answer.ms, host).toBeLessThan(8_000);
  }
});

needsNetns('a caller outside the mesh reaches the app in plain text through its proxy', async () => {
  const before = await cart.metric('request_total', 'direction="inbound"', 'no_tls_from_remote');
  expect(await outside.app.text(`http://${cart.pod.ipv4}:8080/plain`)).toBe(`200 cart ${SECRET} /plain`);
  expect(await outside.app.text(`http://[${cart.pod.ipv6}]:8080/plain6`)).toBe(`200 cart ${SECRET} /plain6`);
  expect(await cart.metric('request_total', 'direction="inbound"', 'no_tls_from_remote')).toBe(before + 2);
});

needsNetns('skipped ports pass by the proxies on both sides', async () => {
  const callers = (await cart.app.callers(8088)).length;
  const seen = await packets(async () => {
    expect(await outside.app.text(`http://${cart.pod.ipv4}:8088/skipped`)).toBe(`200 cart ${SECRET} /skipped`);
  });
  expect(seen).toContain(SECRET);
  expect((await cart.app.callers(8088)).slice(callers)).toEqual([`::ffff:${outside.pod.ipv4}`]);
  const external = await web.metric('sidelight_outbound_external_connections_total');
  expect(await web.app.text(`http://${outside.pod.ipv4}:8089/skipped`)).toBe('200 outside /skipped');
  expect(await web.metric('sidelight_outbound_external_connections_total')).toBe(external);
});

needsNetns('callers of a skipped subnet reach the app past its proxy', async () => {
  const counted = (): Promise<number> => cart.metric('request_total', 'direction="inbound"', 'no_tls_from_remote');
  const skips = ['--skip-inbound-ports', '8088', '--skip-outbound-ports', '8089'];
  const before = await counted();
  cart.init(...skips, '--skip-subnets', `${outside.pod.ipv4}/32`);
  expect(await outside.app.text(`http://${cart.pod.ipv4}:8080/subnet`)).toBe(`200 cart ${SECRET} /subnet`);
  expect(await counted()).toBe(before);
  cart.init(...skips);
  expect(await outside.app.text(`http://${cart.pod.ipv4}:8080/again`)).toBe(`200 cart ${SECRET} /again`);
  expect(await counted()).toBe(before + 1);
});

needsNetns('an app may dial its own service and its own address', async () => {
  expect(await cart.app.text('http://10.96.0.10/myself')).toBe(`200 cart ${SECRET} /myself`);
  expect(await cart.app.text(`http://${cart.pod.ipv4}:8080/myself`)).toBe(`200 cart ${SECRET} /myself`);
  expect(await cart.app.text('http://127.0.0.1:8080/myself')).toBe(`200 cart ${SECRET} /myself`);
});

needsNetns('the proxy’s own ports are no targets: neither from its pod, nor from another, nor from outside', async () => {
  const refusals = await cart.metric('inbound_tcp_errors_total', 'error="loop"') + await cart.metric('outbound_tcp_errors_total', 'error="loop"');
  const tries: readonly (readonly [PodApp, number])[] = [[cart.app, 4140], [cart.app, 4142], [outside.app, 4140], [outside.app, 4142]];
  for (const [app, port] of tries) expect((await app.dial(cart.pod.ipv4, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1')).kind, `port ${port}`).toMatch(/failed|heard/);
  for (const [app, port] of tries) expect(await app.text(`http://${cart.pod.ipv4}:${port}/loop`)).not.toContain(SECRET);
  const after = await cart.metric('inbound_tcp_errors_total', 'error="loop"') + await cart.metric('outbound_tcp_errors_total', 'error="loop"');
  expect(after - refusals).toBeGreaterThanOrEqual(8);
  expect(await web.app.text(`http://${cart.pod.ipv4}:4142/loop`)).not.toContain(SECRET);
});

needsNetns('the mesh port is not redirected: it speaks TLS to whoever dials it, and lets nobody in without an identity', async () => {
  const before = await cart.metric('inbound_tcp_errors_total', 'error="tls-handshake"');
  const answer = await outside.app.dial(cart.pod.ipv4, 4143, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'nothing');
  expect(JSON.stringify(answer)).not.toContain(SECRET);
  expect(await cart.metric('inbound_tcp_errors_total', 'error="tls-handshake"')).toBe(before + 1);
});

needsNetns('the Host header decides nothing', async () => {
  expect(await web.app.get(`http://${outside.pod.ipv4}:8085/host`, 'cart.shop')).toMatchObject({ status: 200, body: 'outside /host' });
});

needsNetns('a service that comes while its address is in use is taken up, and one that goes is outside again', async () => {
  const late: BedService = { name: 'late', addresses: ['10.96.0.12'], target: 8080 };
  expect(await web.app.text('http://10.96.0.12/early')).not.toContain(SECRET);
  ourBed().addService(cart, late);
  ourBed().writeMesh();
  await expect.poll(() => web.app.text('http://10.96.0.12/late'), { timeout: 20_000 }).toBe(`200 cart ${SECRET} /late`);
});

needsNetns('without the control plane what is known stays, and what isn’t counts as outside after a second', async () => {
  expect(await web.app.text(`http://${cart.pod.ipv4}:8080/before`)).toBe(`200 cart ${SECRET} /before`);
  await ourBed().stopAgent();
  expect(await web.app.text('http://10.96.0.10/known')).toBe(`200 cart ${SECRET} /known`);
  const before = await web.metric('sidelight_outbound_undiscovered_total');
  const answer = await web.app.get(`http://${outside.pod.ipv4}:8086/unknown`);
  expect(answer).toMatchObject({ kind: 'response', status: 200 });
  expect(answer.kind === 'response' && answer.ms).toBeGreaterThan(900);
  expect(answer.kind === 'response' && answer.ms).toBeLessThan(8_000);
  expect(await web.metric('sidelight_outbound_undiscovered_total')).toBe(before + 1);
  await ourBed().startAgent();
});

needsNetns('when the caller’s proxy is gone connections are refused, and none goes out in plain text', async () => {
  await web.killProxy('SIGKILL');
  const seen = await packets(async () => {
    for (const url of ['http://10.96.0.10/', `http://${cart.pod.ipv4}:8080/${SECRET}`, `http://[${cart.pod.ipv6}]:8080/${SECRET}`]) {
      expect(await web.app.get(url)).toMatchObject({ kind: 'failed', reason: 'ECONNREFUSED' });
    }
  });
  expect(seen).not.toContain(SECRET);
  await web.startProxy();
  expect(await web.app.text('http://10.96.0.10/back')).toBe(`200 cart ${SECRET} /back`);
});

needsNetns('when the callee’s proxy is gone connections from outside are refused, too', async () => {
  await cart.killProxy('SIGKILL');
  expect(await outside.app.get(`http://${cart.pod.ipv4}:8080/`)).toMatchObject({ kind: 'failed', reason: 'ECONNREFUSED' });
  await cart.startProxy();
  expect(await outside.app.text(`http://${cart.pod.ipv4}:8080/back`)).toBe(`200 cart ${SECRET} /back`);
});
