/** Who may do what: the one table of role × action, for the server's checks and the console's buttons. */

export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** `read` sees everything, `write` changes rules, channels and clusters, `admin` people, tokens and deletions, `own` owners and the past. */
export type Action = 'read' | 'write' | 'admin' | 'own';

export const ROLE_ACTIONS = {
  viewer: ['read'],
  editor: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
  owner: ['read', 'write', 'admin', 'own'],
} as const satisfies Record<Role, readonly Action[]>;

export function allows(role: Role, action: Action): boolean {
  return (ROLE_ACTIONS[role] as readonly Action[]).includes(action);
}
