import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileProxy } from './compile-proxy.ts';

test('the executable runs by itself, and takes no settings out of the folder that it is started in', async () => {
  const executable = await compileProxy();
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-executable-'));
  writeFileSync(join(folder, '.env'), 'SIDELIGHT_PROXY_INSTANCE=web-1\nSIDELIGHT_PROXY_WORKLOAD=shop/host/web\n');
  const { status, stderr } = spawnSync(executable, [], { cwd: folder, env: {}, encoding: 'utf8', timeout: 20_000 });
  rmSync(folder, { recursive: true });
  expect(stderr).toContain('5 faults');
  expect(status).toBe(78);
});

test('it is compiled once per change only', async () => {
  const executable = await compileProxy();
  const { mtimeMs, ino } = statSync(executable);
  expect(await compileProxy()).toBe(executable);
  expect(statSync(executable)).toMatchObject({ mtimeMs, ino });
});
