import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, proxyEnv, startProxy, temporaryFolder } from './proxy-process.ts';

afterEach(cleanUp);

test('a wrong environment is refused with all its faults at once', async () => {
  const proxy = startProxy({ SIDELIGHT_PROXY_CONTROL: 'control:8086', SIDELIGHT_PROXY_LOG_LEVEL: 'loud', SIDELIGHT_PROXY_WORKLOAD: 'web' });
  expect(await proxy.exited).toBe(78);
  for (const name of ['CONTROL', 'LOG_LEVEL', 'WORKLOAD', 'INSTANCE', 'TOKEN_FILE', 'TRUST_BUNDLE_FILE']) expect(proxy.text()).toContain(`SIDELIGHT_PROXY_${name} `);
  expect(proxy.text()).toContain('6 faults');
});

test('an admin port in use is an error that names it, and nothing stays half-started', async () => {
  const taken = createServer();
  await new Promise<void>((done) => void taken.listen(0, '127.0.0.1', done));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy = startProxy({ ...proxyEnv({ controlPort: 1, trustBundle: '' }), SIDELIGHT_PROXY_ADMIN: `127.0.0.1:${port}` });
  expect(await proxy.exited).toBe(1);
  expect(proxy.lines()).toMatchObject([{ level: 'error', code: 'admin_port_in_use', reason: expect.stringContaining(`127.0.0.1:${port}`) }]);
  await new Promise((done) => void taken.close(done));
});

test('a state folder that can not be made is an error that names it', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const proxy = startProxy(proxyEnv({ controlPort: 1, trustBundle: '', stateDir: join(file, 'state') }));
  expect(await proxy.exited).toBe(1);
  expect(proxy.lines().at(-1)).toMatchObject({ level: 'error', code: 'state_unwritable', reason: expect.stringContaining(join(file, 'state')) });
});
