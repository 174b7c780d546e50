/** What to try, from what is known of an incident. Pure. */
import type { Incident } from '../../../cloud/wire/entities.ts';
import { shortName } from '../../paths.ts';

/** Sentences in the order in which to try them. */
export function advice({ state, path }: Pick<Incident, 'state' | 'path'>): string[] {
  const [symptom, origin] = [path[0], path.at(-1)];
  if (origin === undefined) return ['The failures are spread: no single service stands out. Look at the topology for what the failing edges have in common.'];
  const name = shortName(origin.workload ?? origin.service ?? '');
  const lines = origin.workload === null
    ? [`No endpoint of ${name} took the requests: see that an instance of it runs, and that its proxy is ready.`]
    : [`Look at ${name} first: the services before it only pass its failures on.`, `Undo what changed last at ${name}: a release, its configuration, or what it calls outside the mesh.`];
  if (path.length > 1 && symptom !== undefined) lines.push(`Leave ${shortName(symptom.workload ?? symptom.service ?? '')} alone: it recovers when ${name} does.`);
  if (state === 'resolved') return ['It has ended by itself or by your work. Before you close the book:', ...lines.slice(0, 1)];
  return lines;
}
