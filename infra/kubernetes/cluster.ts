/**
 * A real one-node Kubernetes in namespaces of its own: nothing of the machine changes, and ending one process ends it all.
 * Needs root, Go (once, to build), and Debian's containerd, runc, containernetworking-plugins, iptables and iproute2.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Family, openFamily } from '../children.ts';
import { Fault } from '../fault.ts';
import { writeOciArchive } from '../images/oci-archive.ts';
import { openUnwinder, type Unwinder } from '../unwind.ts';
import { buildNodePrograms, type NodePrograms } from './build.ts';
import { API_PORT, CONTAINERD_SOCKET, kubeconfig, NODE_NAME, nodePlan, type NodePlace, PAUSE_IMAGE, tokenFile } from './node-plan.ts';

const run = promisify(execFile);

/** From the benchmark range (RFC 2544), so that no real network is shadowed. One cluster at a time. */
const NETWORK = { machine: '198.18.0.1', node: '198.18.0.2', podCidr: '198.18.64.0/19', serviceCidr: '198.19.0.0/20', serviceIp: '198.19.0.1' } as const;
const READY_MS_MAX = 120_000;
const POLL_MS = 100;

export interface TestCluster {
  /** For kubectl and clients on this machine. */
  readonly kubeconfig: string;
  /** Where pods reach this machine. */
  readonly machineAddress: string;
  /** Folder of the node's logs. */
  readonly logs: string;
  /** Runs kubectl; returns what it printed, and throws with its words. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Makes an OCI archive's image known to the node. */
  importImage(archive: string): Promise<void>;
  /** Runs a command in the node's namespaces, for looking at containers from outside. */
  inNode(command: string, args: readonly string[]): Promise<string>;
  down(): Promise<void>;
}

/** Says what is missing for a cluster of our own, one line each; empty when nothing is. */
export async function missingForCluster(): Promise<string[]> {
  const missing = process.getuid?.() === 0 ? [] : ['root is needed for network namespaces'];
  const tools: Readonly<Record<string, string>> = { go: 'Go 1.26', ip: 'iproute2', iptables: 'iptables', containerd: 'containerd', runc: 'runc', unshare: 'util-linux', nsenter: 'util-linux' };
  const found = await Promise.all(Object.keys(tools).map((tool) => run('sh', ['-c', `command -v ${tool}`]).then(() => null, () => tool)));
  return [...missing, ...found.flatMap((tool) => (tool === null ? [] : [`${tool} is missing: install ${tools[tool]}`]))];
}

/** Brings the cluster up; ready means that a pod could be scheduled. Faults: `kubernetes_unavailable` and those of the build. */
export async function startCluster(say: (line: string) => void): Promise<TestCluster> {
  const missing = await missingForCluster();
  if (missing.length > 0) throw new Fault('kubernetes_unavailable', `No test cluster can be made here: ${missing.join('; ')}.`, 'Install what is missing ("apt-get install -y containerd runc containernetworking-plugins iptables iproute2").');
  const programs = await buildNodePrograms(say);
  const started = openUnwinder();
  try {
    return await bringUp(programs, started);
  } catch (error) {
    await started.unwind();
    throw error;
  }
}

async function bringUp(programs: NodePrograms, started: Unwinder): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'sidelight-kubernetes-'));
  started.add(() => rm(folder, { recursive: true, force: true }));
  const secret = (): string => randomBytes(24).toString('hex');
  const place: NodePlace = {
    folder, node: programs.node, dns: programs.dns, address: NETWORK.node, podCidr: NETWORK.podCidr, serviceCidr: NETWORK.serviceCidr,
    tokens: { admin: secret(), controllers: secret(), scheduler: secret(), kubelet: secret(), proxy: secret() },
  };
  await writeFolder(place);
  const namespace = await makeNetwork(started);
  const node = await startNode(place, namespace, started);
  const caPem = await readFile(join(folder, 'pki/ca.crt'), 'utf8');
  const config = join(folder, 'kubeconfig');
  await writeFile(config, kubeconfig(`https://${NETWORK.node}:${API_PORT}`, caPem, place.tokens.admin), { mode: 0o600 });
  await answering(`https://${NETWORK.node}:${API_PORT}/readyz`, caPem, place.tokens.admin);
  const cluster = clusterOf(place, config, node, started);
  await importPause(cluster, programs, folder);
  await nodeReady(cluster);
  return cluster;
}

function clusterOf({ folder, node }: NodePlace, config: string, pid: number, started: Unwinder): TestCluster {
  const inNode: TestCluster['inNode'] = async (command, args) => (await run('nsenter', ['--target', String(pid), '--all', command, ...args], { maxBuffer: 64 << 20 })).stdout;
  return {
    kubeconfig: config,
    machineAddress: NETWORK.machine,
    logs: join(folder, 'logs'),
    kubectl: (args, input) => withInput(node, ['kubectl', '--kubeconfig', config, ...args], input),
    importImage: async (archive) => void (await inNode('ctr', ['--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', 'images', 'import', archive])),
    inNode,
    down: () => started.unwind(),
  };
}

async function withInput(command: string, args: readonly string[], input = ''): Promise<string> {
  const running = run(command, args, { maxBuffer: 64 << 20 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

async function writeFolder(place: NodePlace): Promise<void> {
  const { folder, node } = place;
  await Promise.all([mkdir(join(folder, 'logs')), mkdir(join(folder, 'pki'))]);
  await run(node, ['certificates', '--out', join(folder, 'pki'), '--ips', ['127.0.0.1', NETWORK.node, NETWORK.serviceIp].join(',')]);
  await writeFile(join(folder, 'tokens.csv'), tokenFile(place), { mode: 0o600 });
  await writeFile(join(folder, 'plan.json'), JSON.stringify(nodePlan(place)));
}

/** A network namespace with a pair of links; pods and services are reached through it, and have no way out. */
async function makeNetwork(started: Unwinder): Promise<string> {
  const id = randomBytes(3).toString('hex');
  const [namespace, outer, inner] = [`sidelight-${id}`, `slk${id}`, `sln${id}`];
  const ip = (...args: string[]): Promise<unknown> => run('ip', args);
  const within = (...args: string[]): Promise<unknown> => run('ip', ['-n', namespace, ...args]);
  await ip('netns', 'add', namespace);
  started.add(() => run('ip', ['netns', 'delete', namespace]).then(() => undefined));
  await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', namespace);
  await ip('address', 'add', `${NETWORK.machine}/30`, 'dev', outer);
  await ip('link', 'set', outer, 'up');
  await within('link', 'set', 'lo', 'up');
  await within('address', 'add', `${NETWORK.node}/30`, 'dev', inner);
  await within('link', 'set', inner, 'up');
  // Kubernetes refuses a node without a default route.
  await within('route', 'add', 'default', 'via', NETWORK.machine);
  for (const range of [NETWORK.podCidr, NETWORK.serviceCidr]) await ip('route', 'add', range, 'via', NETWORK.node);
  await run('nsenter', [`--net=/run/netns/${namespace}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.route_localnet=1']);
  return namespace;
}

/** Starts the node's first process and returns its id as this machine sees it. */
async function startNode(place: NodePlace, namespace: string, started: Unwinder): Promise<number> {
  const family: Family = openFamily();
  started.add(() => family.close());
  const child = family.start({
    name: 'kubernetes-node', command: 'nsenter', cwd: place.folder, env: {}, logFile: join(place.folder, 'logs/node.log'),
    // unshare takes its child with it, and that is the first process of all the others.
    args: [`--net=/run/netns/${namespace}`, '--no-fork', 'unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc', place.node, 'supervise', join(place.folder, 'plan.json')],
  });
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  for (;;) {
    const pid = Number((await readFile(children, 'utf8').catch(() => '')).trim());
    if (pid > 0) return pid;
    if (!child.isRunning()) throw new Fault('kubernetes_node_ended', `The node ended at its start: ${await readFile(child.spec.logFile, 'utf8')}`, 'Its log says why.');
    await sleep(POLL_MS);
  }
}

async function answering(url: string, ca: string, token: string): Promise<void> {
  await within(async () => (await statusOf(url, ca, token)) === 200, 'the API server does not answer');
}

function statusOf(url: string, ca: string, token: string): Promise<number> {
  return new Promise((done) => {
    const asked = request(url, { ca, headers: { authorization: `Bearer ${token}` }, timeout: 2_000 }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => done(0));
    asked.end();
  });
}

async function nodeReady({ kubectl }: TestCluster): Promise<void> {
  const path = '{.status.conditions[?(@.type=="Ready")].status}';
  await within(async () => (await kubectl(['get', 'node', NODE_NAME, '-o', `jsonpath=${path}`]).catch(() => '')) === 'True', 'the node is not ready');
  await within(async () => (await kubectl(['get', 'serviceaccount', 'default', '-n', 'default', '-o', 'name']).catch(() => '')) !== '', 'the controllers made no service account');
}

async function within(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Fault('kubernetes_not_ready', `The test cluster did not come up: ${what} after ${READY_MS_MAX / 1000} s.`, 'The logs in its folder say why.');
    await sleep(POLL_MS);
  }
}

async function importPause(cluster: TestCluster, { pause }: NodePrograms, folder: string): Promise<void> {
  const archive = join(folder, 'pause.tar');
  const file = { path: 'pause', mode: 0o755, content: { kind: 'file', source: pause } } as const;
  await writeOciArchive({ reference: PAUSE_IMAGE, layers: [[file]], entrypoint: ['/pause'], user: '65535:65535', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }, archive);
  await within(() => cluster.importImage(archive).then(() => true, () => false), 'containerd takes no image');
}
