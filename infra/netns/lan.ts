/** A network of namespaces: a router in the middle, and around it pods, each with a link of its own. */
import { Netns, run } from './netns.ts';

/** Both ends of a link in one family, with the length of their common prefix. */
interface LinkAddresses {
  readonly router: string;
  readonly pod: string;
  readonly bits: number;
}

/** Gives the links of a network their addresses; `at` counts from 0. */
export interface AddressPlan {
  readonly podsMax: number;
  ipv4(at: number): LinkAddresses;
  ipv6(at: number): LinkAddresses;
}

/** A pod's namespace; its only way out is the router. */
export interface Pod {
  readonly netns: Netns;
  readonly ipv4: string;
  readonly ipv6: string;
}

const IPV6_BITS = 64;

/** 10.N.x.2 and fd00:N:x::2, for networks that nobody outside can reach. */
export function privatePlan(number: number): AddressPlan {
  return {
    podsMax: 250,
    ipv4: (at) => ({ router: `10.${number}.${at}.1`, pod: `10.${number}.${at}.2`, bits: 24 }),
    ipv6: (at) => ({ router: `fd00:${number}:${at}::1`, pod: `fd00:${number}:${at}::2`, bits: IPV6_BITS }),
  };
}

/** Four addresses a link out of 198.18.N.0/24: the benchmark range (RFC 2544), which no real network has. The last link is the machine's. */
export function benchmarkPlan(number: number): AddressPlan {
  return {
    podsMax: 63,
    ipv4: (at) => ({ router: `198.18.${number}.${4 * at + 1}`, pod: `198.18.${number}.${4 * at + 2}`, bits: 30 }),
    ipv6: (at) => ({ router: `fd00:198:${number}:${at}::1`, pod: `fd00:198:${number}:${at}::2`, bits: IPV6_BITS }),
  };
}

export class Lan {
  readonly router: Netns;
  private readonly prefix: string;
  private readonly plan: AddressPlan;
  private readonly pods: Pod[] = [];

  /** `prefix` begins the names of its namespaces. */
  constructor(prefix: string, plan: AddressPlan) {
    this.prefix = prefix;
    this.plan = plan;
    this.router = new Netns(`${prefix}-router`);
    this.router.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding']);
  }

  /** The router's address as pods reach it: the one on the first pod's link, which all can route to. */
  get gateway(): string {
    return this.plan.ipv4(0).router;
  }

  addPod(name: string): Pod {
    const at = this.pods.length;
    if (at >= this.plan.podsMax) throw new Error(`a network has room for ${this.plan.podsMax} pods`);
    const netns = new Netns(`${this.prefix}-${name}`);
    const [ipv4, ipv6] = [this.plan.ipv4(at), this.plan.ipv6(at)];
    const pod = { netns, ipv4: ipv4.pod, ipv6: ipv6.pod };
    this.pods.push(pod);
    const outside = `p${at}`;
    this.router.batch([
      `link add ${outside} type veth peer name eth0 netns ${netns.name}`,
      `address add ${ipv4.router}/${ipv4.bits} dev ${outside}`,
      // Nobody else has the address: duplicate detection would only hold up the first connections.
      `address add ${ipv6.router}/${ipv6.bits} dev ${outside} nodad`,
      `link set ${outside} up`,
    ]);
    netns.batch([
      `address add ${ipv4.pod}/${ipv4.bits} dev eth0`,
      `address add ${ipv6.pod}/${ipv6.bits} dev eth0 nodad`,
      'link set eth0 up',
      `route add default via ${ipv4.router}`,
      `-6 route add default via ${ipv6.router}`,
    ]);
    return pod;
  }

  /**
   * A link between the router and this machine itself, as `device`, with a route to all pods over it. Returns the machine's
   * address on it. It goes when the router's namespace does.
   */
  linkMachine(device: string, subnet: string): string {
    const { router, pod, bits } = this.plan.ipv4(this.plan.podsMax);
    run('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'machine', 'netns', this.router.name]);
    this.router.batch([`address add ${router}/${bits} dev machine`, 'link set machine up']);
    run('ip', ['address', 'add', `${pod}/${bits}`, 'dev', device]);
    run('ip', ['link', 'set', device, 'up']);
    run('ip', ['route', 'add', subnet, 'via', router, 'dev', device]);
    return pod;
  }

  /** Processes inside have to be ended before. */
  remove(): void {
    for (const { netns } of this.pods) netns.remove();
    this.router.remove();
  }
}
