/** One agent connection as the database knows it. */
import type { Tenant } from '../db/tenant.ts';

/** Whose socket it is: from the token's row, never from a message. */
export interface Link {
  readonly tenant: Tenant;
  readonly clusterId: string;
  readonly tokenId: string;
}

/** After the hello: the epoch in force, and the random name under which this connection owns the cluster. */
export interface OpenLink extends Link {
  readonly epoch: number;
  readonly sessionId: string;
}
