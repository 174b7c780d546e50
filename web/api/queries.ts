/** Calls as queries: one key per call and input, data kept while the next answer is under way. */
import { keepPreviousData, queryOptions, QueryCache, QueryClient, MutationCache, useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { call, type InputOf, type OutputOf } from './client.ts';
import { ApiError, isTransient } from './problem.ts';
import type { CallName } from '../../cloud/wire/calls.ts';

/** Tries after the first for a call that may heal by itself; polling goes on beyond them. */
const RETRIES_MAX = 2;
const RETRY_MS = 800;

interface Polling {
  /** Ask again after this many ms; false: don't. */
  readonly pollMs?: number | false;
  readonly enabled?: boolean;
}

/** A call as a query for `useQuery`. */
export function apiQuery<N extends CallName>(name: N, input: InputOf<N>, { pollMs = false, enabled = true }: Polling = {}) {
  return queryOptions<OutputOf<N>, Error, OutputOf<N>, readonly unknown[]>({
    queryKey: [name, input],
    queryFn: ({ signal }) => call(name, input, signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** A call that changes something; afterwards the named calls are asked anew. */
export function useApiMutation<N extends CallName>(name: N, stale: readonly CallName[]): UseMutationResult<OutputOf<N>, Error, InputOf<N>> {
  const client = useQueryClient();
  return useMutation<OutputOf<N>, Error, InputOf<N>>({
    mutationFn: (input) => call(name, input),
    onSuccess: async () => {
      await Promise.all(stale.map((other) => client.invalidateQueries({ queryKey: [other] })));
    },
  });
}

/** The console's query client; `onSignedOut` is called when any call finds the session gone. */
export function makeQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error): void => {
    if (error instanceof ApiError && error.status === 401) onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { retry: (failures, error) => failures < RETRIES_MAX && isTransient(error), retryDelay: RETRY_MS, staleTime: 1_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}
