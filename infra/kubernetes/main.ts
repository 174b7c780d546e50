/** `node infra/kubernetes/main.ts up`: a test cluster until Ctrl-C. `build` only builds its programs. */
import { faultText } from '../fault.ts';
import { listenForStop } from '../stopping.ts';
import { buildNodePrograms } from './build.ts';
import { startCluster } from './cluster.ts';

const USAGE = `node infra/kubernetes/main.ts build|up
  build  the programs that the cluster is made of (minutes, once)
  up     a real one-node Kubernetes until Ctrl-C; prints the KUBECONFIG to use
`;
const EXIT_USAGE = 64;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function up(): Promise<void> {
  const stop = listenForStop(() => undefined);
  const begun = performance.now();
  const cluster = await startCluster(say);
  say(`ready in ${((performance.now() - begun) / 1000).toFixed(1)} s\nexport KUBECONFIG=${cluster.kubeconfig}\nlogs in ${cluster.logs}; Ctrl-C ends it`);
  await stop.asked;
  await cluster.down();
}

async function main(command: string | undefined): Promise<number> {
  switch (command) {
    case 'build':
      await buildNodePrograms(say);
      return 0;
    case 'up':
      await up();
      return 0;
    default:
      process.stderr.write(USAGE);
      return EXIT_USAGE;
  }
}

process.exitCode = await main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${faultText(error)}\n`);
  return 1;
});
