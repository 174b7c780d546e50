/** One line about a cluster in trouble: the workload that fails most, and where its failures start. */
import type { HealthCluster } from '../../../cloud/wire/entities.ts';
import { TextLink } from '../../components/link.tsx';
import { percent } from '../../format/number.ts';
import { paths, shortName } from '../../paths.ts';
import { StatusGlyph } from '../../ui/glyph.tsx';

export function WorstLine({ slug, cluster, worst }: { slug: string; cluster: HealthCluster; worst: NonNullable<HealthCluster['worst']> }): React.JSX.Element {
  const { origin } = worst;
  return (
    <li className="flex items-baseline gap-2 text-muted">
      <span className="translate-y-px"><StatusGlyph status={cluster.status} label size={10} /></span>
      <span>
        <TextLink to={paths.workload(slug, cluster.id, worst.workload)} className="text-ink">{shortName(worst.workload)}</TextLink> in {cluster.name} fails {percent(1 - worst.successRate)} of requests
        {origin !== null && origin !== worst.workload && <>, starting at <TextLink to={paths.workload(slug, cluster.id, origin)} className="text-ink">{shortName(origin)}</TextLink></>}
      </span>
    </li>
  );
}
