import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consoleFiles } from './console.ts';

let root: string;
let serve: ReturnType<typeof consoleFiles>;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sidelight-console-'));
  await mkdir(join(root, 'dist/assets'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'dist/index.html'), '<title>console</title>');
  await writeFile(join(root, 'dist/assets/app-4f2a.js'), 'export {}');
  await writeFile(join(root, 'dist/favicon.svg'), '<svg/>');
  serve = consoleFiles(join(root, 'dist'));
});
afterAll(async () => {
  await rm(root, { recursive: true });
});

async function get(path: string, method = 'GET'): Promise<[number, string | null, string | null, string]> {
  const response = await serve(new Request(`http://console${path}`, { method }));
  return [response.status, response.headers.get('content-type'), response.headers.get('cache-control'), await response.text()];
}

const PAGE = [200, 'text/html; charset=utf-8', 'no-cache', '<title>console</title>'];

test.each(['/', '/o/shop/clusters', '/o/shop/workloads/a.b/c'])('the path %s of the single page is its index', async (path) => {
  expect(await get(path)).toEqual(PAGE);
});

test('a hashed asset is kept for ever, another file is asked for again', async () => {
  expect(await get('/assets/app-4f2a.js')).toEqual([200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable', 'export {}']);
  expect(await get('/favicon.svg')).toEqual([200, 'image/svg+xml', 'no-cache', '<svg/>']);
});

test('an asset that is gone is no page, so that an old page notices', async () => {
  expect((await get('/assets/app-0000.js'))[0]).toBe(404);
});

test.each(['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/%00', '/%ff', '/..%5csecret.txt'])('no path leads out of the folder: %s', async (path) => {
  const [, , , text] = await get(path);
  expect(text).not.toContain('secret');
});

test('nothing is changed here, and without a build the page says how to make one', async () => {
  expect((await get('/', 'POST'))[0]).toBe(405);
  const response = await consoleFiles(join(root, 'nowhere'))(new Request('http://console/'));
  expect([response.status, await response.text()]).toEqual([404, 'The console is not built here. Run: npm run build:web\n']);
});
