/** All links that this proxy opens, by the proxy that they lead to: services that share an endpoint share its links. */
import { formatAddress } from '../sockets/address.ts';
import { EndpointLinks, type LinkParts, type MeshAddress } from './endpoint-links.ts';

export class LinkDirectory {
  private readonly parts: LinkParts;
  private readonly byProxy = new Map<string, EndpointLinks>();

  constructor(parts: LinkParts) {
    this.parts = parts;
  }

  /** The links to a proxy. Ask again for each use rather than keep them: what is unused is forgotten. */
  of(mesh: MeshAddress, key: string = linkKey(mesh)): EndpointLinks {
    const known = this.byProxy.get(key);
    if (known !== undefined) return known;
    const links = new EndpointLinks(this.parts, mesh);
    this.byProxy.set(key, links);
    return links;
  }

  /** Retires links under older leaves, and forgets proxies that nobody talks to. */
  sweep(oldestGeneration: number): void {
    for (const [key, links] of this.byProxy) {
      links.sweep(oldestGeneration);
      if (links.unused) this.byProxy.delete(key);
    }
  }

  /** Lets all links end. */
  retire(): void {
    for (const links of this.byProxy.values()) links.retire();
  }
}

/** Equal for equal proxies. */
export function linkKey(mesh: MeshAddress): string {
  return `${formatAddress(mesh.address)} ${mesh.identity}`;
}
