/** Makes an organization, its first member and its first audit row in one transaction. */
import type { SessionContext } from '../../api/handler.ts';
import { ApiError } from '../../context.ts';
import type { Transaction } from '../../db/client.ts';
import { changeIdentity } from '../../db/identity.ts';
import type { OrgId } from '../../db/tenant.ts';
import { base32 } from '../../ids.ts';
import type { Services } from '../../services.ts';
import type { Org } from '../../wire/entities.ts';
import { auditAs } from '../audit.ts';
import { violates } from '../conflict.ts';

/** Organizations that one user may belong to; more are a mistake or an abuse. */
export const ORGS_PER_USER_MAX = 20;
const SLUG_LENGTH_MAX = 34;

export async function createOrg(context: SessionContext, services: Services, input: { readonly name: string; readonly slug?: string | undefined }): Promise<Org> {
  const user = context.user;
  if (!user) throw new ApiError('forbidden', 'A token belongs to one organization and can make no other; sign in as a user.');
  if (context.orgs.length >= ORGS_PER_USER_MAX) throw new ApiError('limit_reached', `You belong to ${ORGS_PER_USER_MAX} organizations already.`);
  // A new organization's id comes from nowhere else.
  const org = { id: `org_${base32(services.randomBytes(10))}` as OrgId, slug: input.slug ?? slugOf(input.name, services), name: input.name };
  const at = new Date(services.now());
  try {
    await changeIdentity(services.sql, async (tx) => {
      await insertOrg(tx, org, user.id, `mem_${base32(services.randomBytes(10))}`, at);
      return { orgId: org.id };
    }, (tx, { orgId }) => auditAs(tx, { orgId, actor: context.actor, now: services.now, address: context.address }, { action: 'org.create', target: orgId, details: { slug: org.slug } }));
  } catch (error) {
    if (violates(error, 'organization_slug_key')) throw new ApiError('name_taken', `The slug ${org.slug} is in use; choose another.`);
    throw error;
  }
  return { slug: org.slug, name: org.name, role: 'owner', createdAt: at.toISOString() };
}

async function insertOrg(tx: Transaction, org: { id: string; slug: string; name: string }, userId: string, memberId: string, at: Date): Promise<void> {
  await tx`insert into auth.organization (id, name, slug, created_at) values (${org.id}, ${org.name}, ${org.slug}, ${at})`;
  await tx`insert into auth.member (id, organization_id, user_id, role, created_at) values (${memberId}, ${org.id}, ${userId}, 'owner', ${at})`;
}

/** A slug made of the name, with a random end: names repeat among strangers. */
function slugOf(name: string, services: Services): string {
  const words = name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, SLUG_LENGTH_MAX).replace(/^-+|-+$/g, '');
  return `${words === '' ? 'org' : words}-${base32(services.randomBytes(3))}`.slice(0, 40);
}
