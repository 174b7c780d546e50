/** Starts one cluster of the demo: services, agent, a proxy beside each service, the load from outside. */
import { join } from 'node:path';
import { keep } from '../kept.ts';
import { type PlacedWorkload, addressesNeeded, layOut, layOutPods } from '../mesh/layout.ts';
import { type MeshPlace, type ProxyProgram, agentReady, proxyReady, spawnAgent, spawnProxy, writeMeshFile } from '../mesh/processes.ts';
import { inside } from '../netns/netns.ts';
import { freePort, freePorts } from '../ports.ts';
import { ROOT } from '../root.ts';
import { type DemoCluster, loadConfig, serviceConfig, workloadPlans } from './clusters.ts';
import type { DemoFolder } from './folder.ts';
import { type DemoPods, POD_CONTROL_PORT } from './network.ts';
import type { DemoProcesses } from './processes.ts';

export interface DemoMesh {
  readonly cluster: DemoCluster;
  readonly place: MeshPlace;
}

/** Gives every listener an address, on pods where there are some, and writes the mesh file. */
export async function placeCluster(cluster: DemoCluster, folder: DemoFolder, pods: DemoPods | undefined): Promise<DemoMesh> {
  const plans = workloadPlans(cluster);
  const layout = pods === undefined ? layOut(plans, await freePorts(addressesNeeded(plans))) : layOutPods(plans, pods.pods, pods.control, `127.0.0.1:${await freePort()}`);
  const place = { name: cluster.name, folder: folder.cluster(cluster.name), logs: folder.logs, layout };
  await writeMeshFile(place);
  return { cluster, place };
}

/** The apps themselves; they need nothing but their ports. */
export async function startServices({ cluster, place }: DemoMesh, folder: DemoFolder, processes: DemoProcesses): Promise<void> {
  await Promise.all(place.layout.workloads.map((workload) => startService(cluster, place, workload, folder, processes)));
}

async function startService(cluster: DemoCluster, place: MeshPlace, workload: PlacedWorkload, folder: DemoFolder, processes: DemoProcesses): Promise<void> {
  const file = folder.serviceConfig(cluster.name, workload.service);
  const controlFile = folder.control(cluster.name, workload.service);
  await keep(controlFile, '{}');
  const control = workload.pod === undefined ? '127.0.0.1:0' : `${workload.pod.addresses[0]}:${POD_CONTROL_PORT}`;
  await keep(file, JSON.stringify(serviceConfig(cluster, workload, control, controlFile)));
  const program = [process.execPath, join(ROOT, 'infra/demo/service.ts'), file];
  const [command, args] = workload.pod === undefined ? [process.execPath, program.slice(1)] : inside(workload.pod.netns, program);
  processes.keep('service', (family) => family.start({
    name: `${place.name} service ${workload.service}`,
    command,
    args,
    cwd: ROOT, env: {}, logFile: join(place.logs, `${place.name}.${workload.service.replace('/', '.')}.service.log`),
  }));
}

/** Agent, then proxies, then load; resolves when traffic flows. */
export async function startMesh({ cluster, place }: DemoMesh, folder: DemoFolder, processes: DemoProcesses, cloudUrl: string, program: ProxyProgram): Promise<void> {
  const link = { url: cloudUrl, tokenFile: folder.agentToken(cluster.name) };
  const agent = processes.keep('agent', (family) => spawnAgent(family, place, link));
  await agentReady(agent.current(), place);
  await Promise.all(place.layout.workloads.map((workload) => {
    const proxy = processes.keep('proxy', (family) => spawnProxy(family, place, workload, program));
    return proxyReady(proxy.current(), workload);
  }));
  const file = folder.loadConfig(cluster.name);
  await keep(file, JSON.stringify(loadConfig(cluster, place.layout)));
  processes.keep('load', (family) => family.start({
    name: `${place.name} load`,
    command: process.execPath,
    args: [join(ROOT, 'infra/demo/load.ts'), file],
    cwd: ROOT, env: {}, logFile: join(place.logs, `${place.name}.load.log`),
  }));
}
