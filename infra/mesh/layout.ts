/** Lays a mesh out on one machine: gives every listener an address, and writes the mesh file's content. Pure. */

export type Protocol = 'http1' | 'opaque';

/** A workload as a plan names it. Its service has its name, its namespace and port 80. */
export interface WorkloadPlan {
  readonly name: string;
  readonly namespace: string;
  readonly protocol: Protocol;
  /** Services that it calls, as `namespace/name`. */
  readonly calls: readonly string[];
  /** True: callers outside the mesh reach it through a plain-text listener. */
  readonly plain: boolean;
}

export interface PlacedUpstream {
  /** `namespace/name`. */
  readonly service: string;
  readonly protocol: Protocol;
  /** What the app dials: a loopback address of its own sidecar, or the service's virtual address. */
  readonly listen: string;
}

/** A network namespace of a workload's own, whose connections are redirected to its sidecar. */
export interface PlacedPod {
  readonly netns: string;
  /** Its own addresses, IPv4 first. */
  readonly addresses: readonly string[];
  /** The virtual address of its service. */
  readonly virtual: string;
}

export interface PlacedWorkload {
  readonly plan: WorkloadPlan;
  /** `namespace/name`. */
  readonly service: string;
  /** `namespace/host/name`. */
  readonly key: string;
  readonly instance: string;
  /** The sidecar's mTLS listener. */
  readonly mesh: string;
  /** Where the app listens. */
  readonly target: string;
  readonly plain: string | undefined;
  readonly admin: string;
  readonly upstreams: readonly PlacedUpstream[];
  /** Absent: it shares this machine with the others, and its sidecar has explicit listeners. */
  readonly pod?: PlacedPod;
}

export interface MeshLayout {
  /** Control link of the agent. */
  readonly control: string;
  /** Admin address of the agent. */
  readonly agentAdmin: string;
  readonly workloads: readonly PlacedWorkload[];
}

export const SERVICE_PORT = 80;

/** How many addresses `layOut` takes. */
export function addressesNeeded(plans: readonly WorkloadPlan[]): number {
  return plans.reduce((sum, plan) => sum + 3 + plan.calls.length + (plan.plain ? 1 : 0), 2);
}

/** `ports` must hold `addressesNeeded` free ports. Throws when a plan calls what is in no plan. */
export function layOut(plans: readonly WorkloadPlan[], ports: readonly number[]): MeshLayout {
  let next = 0;
  const take = (): string => {
    const port = ports[next];
    next += 1;
    if (port === undefined) throw new Error(`the layout needs ${addressesNeeded(plans)} ports and got ${ports.length}`);
    return `127.0.0.1:${port}`;
  };
  const protocols = new Map(plans.map((plan) => [serviceKey(plan), plan.protocol]));
  const upstream = (service: string): PlacedUpstream => {
    const protocol = protocols.get(service);
    if (protocol === undefined) throw new Error(`${service} is called but not planned`);
    return { service, protocol, listen: take() };
  };
  return {
    control: take(),
    agentAdmin: take(),
    workloads: plans.map((plan) => ({
      plan,
      service: serviceKey(plan),
      key: `${plan.namespace}/host/${plan.name}`,
      instance: `${plan.name}-1`,
      mesh: take(),
      target: take(),
      plain: plan.plain ? take() : undefined,
      admin: take(),
      upstreams: plan.calls.map(upstream),
    })),
  };
}

/** The app's port in a pod of its own. */
const POD_TARGET_PORT = 8080;

/**
 * Lays a mesh out on pods, one a plan and in their order. `control` and `agentAdmin` are addresses of the agent.
 * Throws when a plan calls what is in no plan.
 */
export function layOutPods(plans: readonly WorkloadPlan[], pods: readonly PlacedPod[], control: string, agentAdmin: string): MeshLayout {
  const podOf = (at: number): PlacedPod => {
    const pod = pods[at];
    if (pod === undefined) throw new Error(`the layout needs ${plans.length} pods and got ${pods.length}`);
    return pod;
  };
  const upstream = (service: string): PlacedUpstream => {
    const at = plans.findIndex((plan) => serviceKey(plan) === service);
    const plan = plans[at];
    if (plan === undefined) throw new Error(`${service} is called but not planned`);
    return { service, protocol: plan.protocol, listen: `${podOf(at).virtual}:${SERVICE_PORT}` };
  };
  return {
    control,
    agentAdmin,
    workloads: plans.map((plan, at) => {
      const pod = podOf(at);
      const [own] = pod.addresses;
      const target = `${own}:${POD_TARGET_PORT}`;
      return {
        plan, service: serviceKey(plan), key: `${plan.namespace}/host/${plan.name}`, instance: `${plan.name}-1`,
        mesh: `${own}:4143`, target, admin: `${own}:4191`, pod,
        // Callers outside the mesh dial the app itself, and are redirected.
        plain: plan.plain ? target : undefined,
        upstreams: plan.calls.map(upstream),
      };
    }),
  };
}

function serviceKey(plan: WorkloadPlan): string {
  return `${plan.namespace}/${plan.name}`;
}

/** The mesh file's content as an object, for a YAML writer. */
export function meshFile(layout: MeshLayout): object {
  return {
    apiVersion: 'sidelight.dev/v1',
    kind: 'Mesh',
    control: { listen: layout.control },
    services: layout.workloads.map(({ plan, pod }) => ({
      name: plan.name,
      namespace: plan.namespace,
      ...(pod === undefined ? {} : { addresses: [pod.virtual] }),
      ports: [{ port: SERVICE_PORT, protocol: plan.protocol }],
    })),
    workloads: layout.workloads.map((workload) => ({
      name: workload.plan.name,
      namespace: workload.plan.namespace,
      instances: [{ name: workload.instance, mesh: workload.mesh, ...(workload.pod === undefined ? explicitParts(workload) : transparentParts(workload, workload.pod)) }],
    })),
  };
}

function explicitParts({ plan, target, plain, upstreams }: PlacedWorkload): object {
  return {
    ports: [{ service: plan.name, port: SERVICE_PORT, target, ...(plain === undefined ? {} : { plain }) }],
    upstreams: upstreams.map(({ service, listen }) => ({ service, port: SERVICE_PORT, listen })),
  };
}

function transparentParts({ plan, target }: PlacedWorkload, { addresses }: PlacedPod): object {
  return { transparent: { addresses }, ports: [{ service: plan.name, port: SERVICE_PORT, target }] };
}
