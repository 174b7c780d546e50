/** The reader's role in an organization, by which buttons are shown; the server decides. */
import { useQuery } from '@tanstack/react-query';
import { allows, ROLES, type Role } from '../../cloud/wire/roles.ts';
import { apiQuery } from '../api/queries.ts';

/** `viewer` until it is known. */
export function useRole(slug: string): Role {
  const me = useQuery(apiQuery('getMe', {}));
  const text = me.data?.orgs.find((org) => org.slug === slug)?.role;
  return ROLES.find((role) => role === text) ?? 'viewer';
}

/** Roles that someone of this role may give. */
export function grantable(role: Role): readonly Role[] {
  return ROLES.filter((each) => each !== 'owner' || allows(role, 'own'));
}
