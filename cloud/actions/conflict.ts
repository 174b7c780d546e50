/** Postgres' refusals that are the caller's business. */

/** True when `error` is a violation of the unique constraint or index of that name. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505' && 'constraint_name' in error && error.constraint_name === constraint;
}
