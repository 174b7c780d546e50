/** The workload of the address. */
import { useParams } from '@tanstack/react-router';
import type { WorkloadParts } from '../../paths.ts';

export function useWorkloadParts(): WorkloadParts {
  const params: Readonly<Record<string, string | undefined>> = useParams({ strict: false });
  const { namespace, kind, name } = params;
  if (namespace === undefined || kind === undefined || name === undefined) throw new Error("this page's address names no workload");
  return { namespace, kind, name };
}
