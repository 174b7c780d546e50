/** The built console from a folder: hashed assets are kept for ever, every other path is the single page. */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json',
  '.map': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.woff': 'font/woff',
  '.txt': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json', '.wasm': 'application/wasm',
};
/** Vite puts a hash into the name of everything below this folder. */
const HASHED = '/assets/';

/** Answers GET and HEAD of any path; the caller has tried its own paths before. */
export function consoleFiles(folder: string): (request: Request) => Promise<Response> {
  return async function serveConsole(request) {
    if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Only GET and HEAD are answered here.');
    const path = safePath(new URL(request.url).pathname);
    if (path === null) return text(400, 'The path is not one.');
    const file = path === '/' ? null : await fileOf(folder, path);
    if (file) return respond(file, TYPES[extname(path)] ?? 'application/octet-stream', path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (path.startsWith(HASHED)) return text(404, 'There is no such asset; the console was rebuilt. Reload the page.');
    const page = await fileOf(folder, '/index.html');
    return page ? respond(page, 'text/html; charset=utf-8', 'no-cache') : text(404, 'The console is not built here. Run: npm run build:web');
  };
}

/** The path without escapes out of the folder, or null. */
function safePath(encoded: string): string | null {
  try {
    const path = normalize(decodeURIComponent(encoded));
    return path.includes('\0') || path.split(sep).includes('..') ? null : path;
  } catch {
    return null;
  }
}

async function fileOf(folder: string, path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await readFile(join(folder, path));
  } catch {
    return null;
  }
}

function respond(body: Uint8Array<ArrayBuffer>, type: string, caching: string): Response {
  return new Response(body, { headers: { 'content-type': type, 'cache-control': caching } });
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } });
}
