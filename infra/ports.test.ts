import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ensurePortFree, freePort, freePorts } from './ports.ts';

test('ports of several askers are all different, and can be listened on', async () => {
  const lists = await Promise.all(Array.from({ length: 8 }, () => freePorts(40)));
  const all = lists.flat();
  expect(new Set(all).size).toBe(320);
  const servers = await Promise.all(all.slice(0, 40).map(async (port) => {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  for (const server of servers) server.close();
});

test('a port in use and an address that is not ours are told apart', async () => {
  const port = await freePort();
  await expect(ensurePortFree('127.0.0.1', port)).resolves.toBeUndefined();
  const holder = createServer().listen(port, '127.0.0.1');
  await once(holder, 'listening');
  await expect(ensurePortFree('127.0.0.1', port)).rejects.toMatchObject({ code: 'port_in_use' });
  holder.close();
  await expect(ensurePortFree('192.0.2.1', port)).rejects.toMatchObject({ code: 'port_refused' });
});
