/** A network of namespaces: a router in the middle, and around it pods, each with a link of its own. */
import { Netns } from './netns.ts';

export interface PodAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

/** A pod's namespace; its only way out is the router. */
export interface Pod extends PodAddresses {
  readonly netns: Netns;
}

/** Pods of one network; the addresses have room for no more. */
const PODS_MAX = 250;

/** Pods have 10.N.x.2 and fd00:N:x::2, the router 10.N.x.1 and fd00:N:x::1 on each link; N tells networks of one machine apart. */
export class Lan {
  readonly router: Netns;
  private readonly prefix: string;
  private readonly number: number;
  private readonly pods: Pod[] = [];

  /** `prefix` begins the names of its namespaces, at most 10 characters. */
  constructor(prefix: string, number: number) {
    this.prefix = prefix;
    this.number = number;
    this.router = new Netns(`${prefix}-router`);
    this.router.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding']);
  }

  /** The router's address as pods reach it: the one on the first pod's link, which all can route to. */
  get gateway(): string {
    return `10.${this.number}.0.1`;
  }

  addPod(name: string): Pod {
    const at = this.pods.length;
    if (at >= PODS_MAX) throw new Error(`a network has room for ${PODS_MAX} pods`);
    const netns = new Netns(`${this.prefix}-${name}`);
    const pod = { netns, ipv4: `10.${this.number}.${at}.2`, ipv6: `fd00:${this.number}:${at}::2` };
    this.pods.push(pod);
    const outside = `p${at}`;
    this.router.ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns.name);
    address(this.router, outside, `10.${this.number}.${at}.1`, `fd00:${this.number}:${at}::1`);
    address(netns, 'eth0', pod.ipv4, pod.ipv6);
    netns.ip('route', 'add', 'default', 'via', `10.${this.number}.${at}.1`);
    netns.ip('-6', 'route', 'add', 'default', 'via', `fd00:${this.number}:${at}::1`);
    return pod;
  }

  /** Another address of a pod, with the router's route to it. */
  addAddress(pod: Pod, ip: string): void {
    const at = this.pods.indexOf(pod);
    const ipv6 = ip.includes(':');
    pod.netns.ip('address', 'add', `${ip}/${ipv6 ? 128 : 32}`, 'dev', 'eth0', ...(ipv6 ? ['nodad'] : []));
    this.router.ip(...(ipv6 ? ['-6'] : []), 'route', 'add', ip, 'via', ipv6 ? pod.ipv6 : pod.ipv4, 'dev', `p${at}`);
  }

  /** Processes inside have to be ended before. */
  remove(): void {
    for (const { netns } of this.pods) netns.remove();
    this.router.remove();
  }
}

function address(netns: Netns, device: string, ipv4: string, ipv6: string): void {
  netns.ip('address', 'add', `${ipv4}/24`, 'dev', device);
  // Nobody else has the address: duplicate detection would only hold up the first connections.
  netns.ip('address', 'add', `${ipv6}/64`, 'dev', device, 'nodad');
  netns.ip('link', 'set', device, 'up');
}
