/**
 * `npm run images`: the images of proxy, agent and demo services as OCI archives in `build/images/`, without Docker: the
 * compiled executable, the libraries that it is linked to, nothing else. The same sources give the same bytes.
 */
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { billOf, type NpmPackage } from './bill.ts';
import { compileProgram, type ProgramName } from './compile.ts';
import { fileOf, type Library, librariesOf, packagesOf } from './libraries.ts';
import { type ImageFile, type ImageSpec, writeOciArchive } from './oci-archive.ts';

const OUT = join(ROOT, 'build/images');
/** The field's user of a proxy: the redirection lets its connections through. */
export const PROXY_UID = 2102;
const APP_UID = 65_532;

interface ImagePlan {
  readonly program: ProgramName;
  /** The proxy's container is told from others by this user. */
  readonly uid: number;
  /** The kernel's tables are written by the distribution's own tools. */
  readonly tables: boolean;
}

const IMAGES = {
  proxy: { program: 'proxy', uid: PROXY_UID, tables: false },
  agent: { program: 'agent', uid: APP_UID, tables: true },
  'demo-service': { program: 'demo-service', uid: APP_UID, tables: false },
} as const satisfies Record<string, ImagePlan>;

export type ImageName = keyof typeof IMAGES;
export const IMAGE_NAMES = Object.keys(IMAGES) as readonly ImageName[];

export interface BuiltImage {
  readonly reference: string;
  readonly archive: string;
  readonly digest: string;
}

/** The reference that an image is imported and named under. */
export const referenceOf = (name: ImageName, version: string): string => `sidelight.dev/${name}:${version}`;

/** Builds one; the bill of materials stands in it and beside it. */
export async function buildImage(name: ImageName): Promise<BuiltImage> {
  const plan: ImagePlan = IMAGES[name];
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const executable = await compileProgram(plan.program);
  const tools = plan.tables ? await tableTools() : [];
  const libraries = await librariesOf([executable, ...tools.map(({ source }) => source)]);
  const bill = Buffer.from(JSON.stringify(billOf({ image: `sidelight/${name}`, version, npm: await npmPackages(), system: await packagesOf([...libraries, ...tools].map(({ source }) => source)) }), null, 1));
  const archive = join(OUT, `${name}.tar`);
  const spec: ImageSpec = {
    reference: referenceOf(name, version),
    layers: [[...baseFiles(libraries), ...tools.map((tool) => fileOf(tool)), ...(tools.length > 0 ? TABLE_LINKS : [])], [
      { path: `sidelight-${plan.program}`, mode: 0o755, content: { kind: 'file', source: executable } },
      { path: 'usr/share/sidelight/bill.spdx.json', mode: 0o644, content: { kind: 'bytes', bytes: bill } },
    ]],
    entrypoint: [`/sidelight-${plan.program}`],
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    user: `${plan.uid}:${plan.uid}`,
    labels: { 'org.opencontainers.image.title': `sidelight-${name}`, 'org.opencontainers.image.version': version },
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  };
  const digest = await writeOciArchive(spec, archive);
  await writeFile(join(OUT, `${name}.spdx.json`), bill);
  return { reference: spec.reference, archive, digest };
}

/** A root that a read-only container can work in: names of users, no shell, a place for temporary files. */
function baseFiles(libraries: readonly Library[]): ImageFile[] {
  const text = (path: string, content: string): ImageFile => ({ path, mode: 0o644, content: { kind: 'bytes', bytes: Buffer.from(content) } });
  return [
    { path: 'tmp', mode: 0o1777, content: { kind: 'folder' } },
    text('etc/passwd', `root:x:0:0::/:/none\nsidelight:x:${PROXY_UID}:${PROXY_UID}::/:/none\nnonroot:x:${APP_UID}:${APP_UID}::/:/none\n`),
    text('etc/group', `root:x:0:\nsidelight:x:${PROXY_UID}:\nnonroot:x:${APP_UID}:\n`),
    text('etc/nsswitch.conf', 'hosts: files dns\n'),
    ...libraries.map((library) => fileOf(library)),
  ];
}

const TABLES = ['xtables-nft-multi', 'xtables-legacy-multi'] as const;

/** Both programs find out by their own name what they are. */
const TABLE_LINKS: readonly ImageFile[] = (['iptables', 'ip6tables'] as const).flatMap((family) =>
  (['', '-save', '-restore'] as const).flatMap((verb) =>
    ([['nft', 'xtables-nft-multi'], ['legacy', 'xtables-legacy-multi']] as const).map(([kind, target]): ImageFile => ({ path: `usr/sbin/${family}-${kind}${verb}`, mode: 0o777, content: { kind: 'link', target } }))));

/** The distribution's tools for the kernel's tables, with the matches and targets that our rules name. */
async function tableTools(): Promise<Library[]> {
  const folders = ['/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib/aarch64-linux-gnu/xtables'];
  const found = await Promise.all(folders.map((folder) => readdir(folder).then((names) => names.map((name) => join(folder, name)), () => [])));
  const plugins = found.flat().filter((path) => /lib(xt|ipt|ip6t)_[A-Za-z0-9]+\.so$/.test(path));
  if (plugins.length === 0) throw new Error('tables_tools_missing: the agent’s image holds iptables; install it: "apt-get install -y iptables"');
  const paths = [...TABLES.map((name) => `/usr/sbin/${name}`), ...plugins];
  return Promise.all(paths.map(async (path) => ({ path, source: await realpath(path) })));
}

/** What could have gone into the executables: the packages that package.json names, at their exact versions. */
async function npmPackages(): Promise<NpmPackage[]> {
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> };
  return Object.entries(dependencies).map(([name, version]) => ({ name, version })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

if (import.meta.main) {
  for (const name of IMAGE_NAMES.filter((one) => process.argv.length < 3 || process.argv.includes(one))) {
    const { reference, archive, digest } = await buildImage(name);
    process.stdout.write(`${reference} ${digest}\n  ${archive}\n`);
  }
}
