import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileProgram } from './compile.ts';

test('the executable runs by itself, and takes no settings out of the folder that it is started in', async () => {
  const executable = await compileProgram('proxy');
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-executable-'));
  writeFileSync(join(folder, '.env'), 'SIDELIGHT_PROXY_INSTANCE=web-1\nSIDELIGHT_PROXY_WORKLOAD=shop/host/web\n');
  const { status, stderr } = spawnSync(executable, [], { cwd: folder, env: {}, encoding: 'utf8', timeout: 20_000 });
  rmSync(folder, { recursive: true });
  expect(stderr).toContain('5 faults');
  expect(status).toBe(78);
});

test('it is compiled once per change only', async () => {
  const executable = await compileProgram('proxy');
  const { mtimeMs, ino } = statSync(executable);
  expect(await compileProgram('proxy')).toBe(executable);
  expect(statSync(executable)).toMatchObject({ mtimeMs, ino });
});

test('the same sources give the same bytes', async () => {
  const executable = await compileProgram('demo-service');
  const hash = (): string => createHash('sha256').update(readFileSync(executable)).digest('hex');
  const first = hash();
  rmSync(executable);
  await compileProgram('demo-service');
  expect(hash()).toBe(first);
});
