/** Who may import whom, and which npm packages each part may use, with the reason in words. */
import { dirname, join } from 'node:path/posix';
import { type CheckResult, type SourceFile, isTest, lineOf } from './tree.ts';

interface Part {
  /** Folder; the longest that fits a file counts. */
  readonly folder: string;
  /** Folders of ours that it may import besides itself. */
  readonly folders: readonly string[];
  /** npm packages and Node modules (`node:`) → why. `node:*` allows all of Node. */
  readonly packages: Readonly<Record<string, string>>;
}

const NODE = { 'node:*': 'it does I/O' } as const;

/** A part that is not listed may import nothing: a new folder needs a line here. */
export const PARTS: readonly Part[] = [
  { folder: 'proxy/wire', folders: [], packages: {} },
  { folder: 'proxy/protocol', folders: [], packages: {} },
  { folder: 'proxy', folders: ['proxy/wire', 'proxy/protocol'], packages: { ...NODE, bun: 'raw sockets', 'node-forge': 'ASN.1 of certificate requests' } },
  { folder: 'agent/wire', folders: ['proxy/wire'], packages: { 'node:*': 'frames are compressed' } },
  { folder: 'agent/aggregate', folders: ['proxy/wire', 'agent/wire'], packages: {} },
  { folder: 'agent/compile', folders: ['proxy/wire', 'agent/wire', 'agent/inventory'], packages: {} },
  { folder: 'agent/inventory', folders: ['proxy/wire', 'agent/wire'], packages: {} },
  {
    folder: 'agent', folders: ['proxy/wire', 'agent/wire', 'agent/aggregate', 'agent/compile', 'agent/inventory'],
    packages: { ...NODE, ws: 'the uplink', yaml: 'the mesh file with line numbers', 'node-forge': 'ASN.1 of certificates', zod: 'the messages of the cloud', pino: 'logs', '@kubernetes/client-node': 'the Kubernetes API' },
  },
  { folder: 'cloud/wire', folders: [], packages: { zod: 'one source for validation, document and typed client' } },
  {
    folder: 'cloud', folders: ['cloud/wire', 'agent/wire', 'proxy/wire'],
    packages: {
      ...NODE, hono: 'routing on Node and Workers', '@hono/node-server': 'the Node entry', zod: 'validation',
      postgres: 'the database', 'drizzle-orm': "better-auth's adapter", 'better-auth': 'accounts and organizations', ws: 'agent sockets on Node', pino: 'logs', standardwebhooks: 'signatures', nodemailer: 'mail by SMTP',
    },
  },
  {
    folder: 'web', folders: ['cloud/wire'],
    packages: {
      react: 'the page', 'react-dom': 'the page', '@tanstack/react-router': 'the URL is the state', '@tanstack/react-query': 'polling and caching',
      'react-hook-form': 'forms', '@hookform/resolvers': 'zod schemas in forms', zod: 'schemas of the wire', 'radix-ui': 'accessible primitives', 'lucide-react': 'the few icons',
      uplot: 'time series', '@xyflow/react': 'the graph', elkjs: 'its layout', cmdk: 'the palette', clsx: 'class names',
      '@fontsource-variable/inter': 'the typeface', vite: 'the build', '@vitejs/plugin-react': 'the build', '@tailwindcss/vite': 'the build', tailwindcss: 'styles', 'better-auth': 'sign-in from the page',
    },
  },
  {
    folder: 'infra', folders: ['proxy/wire', 'agent/wire', 'agent', 'cloud/wire', 'cloud'],
    packages: {
      ...NODE, postgres: 'preparing databases', yaml: 'mesh files', ws: 'a relay that harms the uplink', standardwebhooks: 'the receiver verifies signatures', zod: 'the client checks answers', 'tar-stream': 'image layers', '@kubernetes/client-node': 'the test cluster',
      'playwright-core': 'browser tests', '@sparticuz/chromium': 'the browser of the tests',
    },
  },
  { folder: '', folders: [], packages: { vitest: 'the configuration of the tests' } },
];

/** What tests may use besides their part's own. */
const TEST_PACKAGES = new Set(['vitest', 'node:*', 'ws', 'postgres', 'standardwebhooks', 'zod', 'yaml', 'node-forge', 'playwright-core', '@sparticuz/chromium', 'better-auth']);

interface Import {
  readonly specifier: string;
  readonly offset: number;
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/** Every static, type-only and literal dynamic import of a file. */
export function importsOf(text: string): Import[] {
  const stripped = text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '));
  return [...stripped.matchAll(IMPORT)].map((match) => ({ specifier: match[1] ?? match[2] ?? '', offset: match.index + match[0].search(/\S/) }));
}

export function checkBoundaries(files: readonly SourceFile[]): CheckResult {
  const faults = files.filter((file) => !file.path.endsWith('.sql')).flatMap(fileFaults);
  return { name: 'boundaries', faults };
}

function fileFaults(file: SourceFile): string[] {
  const part = partOf(file.path);
  return importsOf(file.text).flatMap(({ specifier, offset }) => {
    const fault = specifier.startsWith('.') ? folderFault(file, part, specifier) : packageFault(file, part, specifier);
    return fault === undefined ? [] : [`${file.path}:${lineOf(file.text, offset)} ${fault}`];
  });
}

function partOf(path: string): Part {
  const fitting = PARTS.filter((part) => part.folder === '' || path.startsWith(`${part.folder}/`));
  const best = fitting.sort((a, b) => b.folder.length - a.folder.length)[0];
  if (best === undefined) throw new Error('the root part fits every file');
  return best;
}

function folderFault(file: SourceFile, part: Part, specifier: string): string | undefined {
  const target = partOf(join(dirname(file.path), specifier)).folder;
  if (target === part.folder || part.folders.includes(target)) return undefined;
  if (isTest(file.path) || part.folder === '') return undefined;
  return `imports ${specifier}: ${part.folder} may import ${part.folders.length === 0 ? 'nothing but itself' : part.folders.join(', ')}; put what both need into the wire folder of the one that is read`;
}

function packageFault(file: SourceFile, part: Part, specifier: string): string | undefined {
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '');
  const key = specifier.startsWith('node:') ? 'node:*' : specifier.startsWith('bun:') ? 'bun' : name;
  if (key in part.packages || (isTest(file.path) && TEST_PACKAGES.has(key))) return undefined;
  return `imports ${specifier}, which ${part.folder === '' ? 'the root' : part.folder} may not; if it must, say why in infra/checks/boundaries.ts`;
}
