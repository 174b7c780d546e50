/** Home: on to the only organization, or the choice among several, or the making of the first. */
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { apiQuery } from '../../api/queries.ts';
import { To } from '../../components/link.tsx';
import { Loaded } from '../../components/page.tsx';
import { paths } from '../../paths.ts';
import { AccountFrame } from './frame.tsx';

export function HomePage(): React.JSX.Element {
  const me = useQuery(apiQuery('getMe', {}));
  return (
    <Loaded query={me}>
      {({ orgs }) => {
        const [only, ...others] = orgs;
        if (only === undefined) return <Navigate to={paths.newOrg() as '/'} replace />;
        if (others.length === 0) return <Navigate to={paths.fleet(only.slug) as '/'} replace />;
        return (
          <AccountFrame title="Your organizations">
            <ul className="divide-y divide-line border-y border-line">
              {orgs.map((org) => <li key={org.slug}><To to={paths.fleet(org.slug)} className="flex h-11 items-center justify-between px-1 hover:bg-raised"><span className="font-medium">{org.name}</span><span className="text-xs text-faint">{org.role}</span></To></li>)}
            </ul>
          </AccountFrame>
        );
      }}
    </Loaded>
  );
}
