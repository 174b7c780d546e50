/** The type of a call's handler, inferred from the table of calls: a wrong answer or a missing handler does not compile. */
import type { z } from 'zod';
import type { SignedIn } from '../auth/accounts.ts';
import type { Actor, OrgContext } from '../context.ts';
import type { Services } from '../services.ts';
import type { CallName, calls } from '../wire/calls.ts';

type Calls = typeof calls;
type Parsed<K extends CallName, Part extends 'params' | 'query' | 'body'> =
  Calls[K] extends Record<Part, infer Schema extends z.ZodType> ? z.output<Schema> : Record<never, never>;
type ResponseOf<K extends CallName> = Calls[K]['response'] extends z.ZodType ? z.input<Calls[K]['response']> : null;

/** For calls without an organization in their path: who asks, and every organization that they may act in. */
export interface SessionContext {
  readonly actor: Actor;
  readonly user: SignedIn | null;
  readonly orgs: readonly OrgContext[];
  readonly now: () => number;
  readonly address?: string | undefined;
}

export type ContextOf<K extends CallName> = Calls[K]['action'] extends 'session' ? SessionContext : OrgContext;

/** Everything is verified before a handler runs: the actor, the organization, the role's action, and the input's shape. */
export interface HandlerInput<K extends CallName> {
  readonly context: ContextOf<K>;
  readonly params: Parsed<K, 'params'>;
  readonly query: Parsed<K, 'query'>;
  readonly body: Parsed<K, 'body'>;
  readonly services: Services;
}

/** Throws `ApiError` for what the caller should know; anything else is answered with `internal` and logged. */
export type Handler<K extends CallName> = (input: HandlerInput<K>) => Promise<ResponseOf<K>>;

/** The handlers of some calls, by name. */
export type Handlers<K extends CallName> = { readonly [Name in K]: Handler<Name> };
