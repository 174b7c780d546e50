/** The scene of an alert change that a person makes. */
import type { AlertScene } from '../../alerts/incident.ts';
import type { OrgContext } from '../../context.ts';
import type { RandomBytes } from '../../ids.ts';

export interface SceneInput {
  readonly publicUrl: string;
  readonly randomBytes: RandomBytes;
}

export function sceneOf(context: OrgContext, input: SceneInput): AlertScene {
  return { orgId: context.tenant.orgId, orgSlug: context.org.slug, publicUrl: input.publicUrl, nowMs: context.now(), randomBytes: input.randomBytes };
}
