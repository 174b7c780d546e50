/** The set of a service's endpoints over updates: what stays keeps its object, and so its load and latency. Pure. */
import type { Endpoint } from '../wire/orders.ts';

/** All that makes two endpoints the same one; zone and weight may change under it. */
export function endpointKey(endpoint: Endpoint): string {
  const { address, mesh } = endpoint;
  const hop = mesh === null ? 'direct' : `${mesh.address.host} ${mesh.address.port} ${mesh.identity}`;
  return `${address.host} ${address.port} ${endpoint.workload} ${endpoint.instance} ${hop}`;
}

/** The members of `next` in its order and without duplicates; those that were in `previous` keep their object, with the new endpoint in it. */
export function reconcile<Member extends { endpoint: Endpoint }>(
  previous: readonly Member[],
  next: readonly Endpoint[],
  create: (endpoint: Endpoint) => Member,
): Member[] {
  const known = new Map(previous.map((member) => [endpointKey(member.endpoint), member]));
  const members = new Map<string, Member>();
  for (const endpoint of next) {
    const key = endpointKey(endpoint);
    if (members.has(key)) continue;
    const member = known.get(key) ?? create(endpoint);
    member.endpoint = endpoint;
    members.set(key, member);
  }
  return [...members.values()];
}
