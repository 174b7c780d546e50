/** Starts one cluster of the demo: services, agent, a proxy beside each service, the load from outside. */
import { join } from 'node:path';
import { keep } from '../kept.ts';
import { type PlacedWorkload, addressesNeeded, layOut } from '../mesh/layout.ts';
import { type MeshPlace, type ProxyProgram, agentReady, proxyReady, spawnAgent, spawnProxy, writeMeshFile } from '../mesh/processes.ts';
import { freePorts } from '../ports.ts';
import { ROOT } from '../root.ts';
import { type DemoCluster, loadConfig, serviceConfig, workloadPlans } from './clusters.ts';
import type { DemoFolder } from './folder.ts';
import type { DemoProcesses } from './processes.ts';

export interface DemoMesh {
  readonly cluster: DemoCluster;
  readonly place: MeshPlace;
}

/** Gives every listener a free port and writes the mesh file. */
export async function placeCluster(cluster: DemoCluster, folder: DemoFolder): Promise<DemoMesh> {
  const plans = workloadPlans(cluster);
  const layout = layOut(plans, await freePorts(addressesNeeded(plans)));
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
  await keep(file, JSON.stringify(serviceConfig(cluster, workload, controlFile)));
  processes.keep('service', (family) => family.start({
    name: `${place.name} service ${workload.service}`,
    command: process.execPath,
    args: [join(ROOT, 'infra/demo/service.ts'), file],
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
