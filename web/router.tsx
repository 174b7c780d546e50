/** Every page and its address. The query string holds the page's state; the range is kept from page to page. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, retainSearchParams, type RouterHistory } from '@tanstack/react-router';
import { readComparison, type ComparisonKey } from './api/comparison.ts';
import { readRangeSearch, type RangeSearch } from './api/range.ts';
import { Empty } from './components/page.tsx';
import { ErrorPage } from './components/problem-notice.tsx';
import { Shell } from './components/shell.tsx';
import { To } from './components/link.tsx';
import { HomePage } from './pages/account/home-page.tsx';
import { NewOrgPage } from './pages/account/new-org-page.tsx';
import { SignInPage } from './pages/account/sign-in-page.tsx';
import { SignUpPage } from './pages/account/sign-up-page.tsx';
import { FleetPage } from './pages/fleet/fleet-page.tsx';
import { paths } from './paths.ts';
import { buttonClass } from './ui/button.tsx';

/** The range, read and checked; what else a page keeps in its query string, as it is. */
type ConsoleSearch = RangeSearch & { readonly vs?: ComparisonKey } & Readonly<Record<string, unknown>>;

const RANGE_KEYS = ['t', 'from', 'to', 'at'] as const;
/** What goes along from page to page. */
const KEPT_KEYS = [...RANGE_KEYS, 'vs'] as const;

function readSearch(raw: Record<string, unknown>): ConsoleSearch {
  const rest = Object.fromEntries(Object.entries(raw).filter(([key]) => !KEPT_KEYS.some((known) => known === key)));
  return { ...rest, ...readRangeSearch(raw), ...readComparison(raw) };
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage });
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage });
const signUp = createRoute({ getParentRoute: () => root, path: '/sign-up', component: SignUpPage });
const forgot = createRoute({ getParentRoute: () => root, path: '/forgot-password', component: lazyRouteComponent(() => import('./pages/account/forgot-page.tsx'), 'ForgotPage') });
const resetPassword = createRoute({ getParentRoute: () => root, path: '/reset-password', component: lazyRouteComponent(() => import('./pages/account/reset-page.tsx'), 'ResetPage') });
const invitation = createRoute({ getParentRoute: () => root, path: '/invitations/$id', component: lazyRouteComponent(() => import('./pages/account/invitation-page.tsx'), 'InvitationPage') });
const newOrg = createRoute({ getParentRoute: () => root, path: '/new-organization', component: NewOrgPage });

const org = createRoute({
  getParentRoute: () => root,
  path: '/o/$slug',
  component: Shell,
  validateSearch: readSearch,
  search: { middlewares: [retainSearchParams<ConsoleSearch>([...KEPT_KEYS])] },
});

const fleet = createRoute({ getParentRoute: () => org, path: '/', component: FleetPage });
const connect = createRoute({ getParentRoute: () => org, path: '/connect', component: lazyRouteComponent(() => import('./pages/connect/new-cluster-page.tsx'), 'NewClusterPage') });
const topology = createRoute({ getParentRoute: () => org, path: '/c/$clusterId', component: lazyRouteComponent(() => import('./pages/topology/topology-page.tsx'), 'TopologyPage') });
const connection = createRoute({ getParentRoute: () => org, path: '/c/$clusterId/connect', component: lazyRouteComponent(() => import('./pages/connect/connection-page.tsx'), 'ConnectionPage') });
const workloads = createRoute({ getParentRoute: () => org, path: '/c/$clusterId/workloads', component: lazyRouteComponent(() => import('./pages/workload/workloads-page.tsx'), 'WorkloadsPage') });
const workload = createRoute({ getParentRoute: () => org, path: '/c/$clusterId/w/$namespace/$kind/$name', component: lazyRouteComponent(() => import('./pages/workload/workload-page.tsx'), 'WorkloadPage') });
const edge = createRoute({ getParentRoute: () => org, path: '/c/$clusterId/e', component: lazyRouteComponent(() => import('./pages/edge/edge-page.tsx'), 'EdgePage') });
const tap = createRoute({ getParentRoute: () => org, path: '/c/$clusterId/tap', component: lazyRouteComponent(() => import('./pages/tap/tap-page.tsx'), 'TapPage') });
const rules = createRoute({ getParentRoute: () => org, path: '/rules', component: lazyRouteComponent(() => import('./pages/rules/rules-page.tsx'), 'RulesPage') });
const newRule = createRoute({ getParentRoute: () => org, path: '/rules/new', component: lazyRouteComponent(() => import('./pages/rules/rule-page.tsx'), 'NewRulePage') });
const rule = createRoute({ getParentRoute: () => org, path: '/rules/$id', component: lazyRouteComponent(() => import('./pages/rules/rule-page.tsx'), 'RulePage') });
const incidents = createRoute({ getParentRoute: () => org, path: '/incidents', component: lazyRouteComponent(() => import('./pages/incidents/incidents-page.tsx'), 'IncidentsPage') });
const incident = createRoute({ getParentRoute: () => org, path: '/incidents/$id', component: lazyRouteComponent(() => import('./pages/incidents/incident-page.tsx'), 'IncidentPage') });
const channels = createRoute({ getParentRoute: () => org, path: '/settings/channels', component: lazyRouteComponent(() => import('./pages/settings/channels-page.tsx'), 'ChannelsPage') });
const tokens = createRoute({ getParentRoute: () => org, path: '/settings/tokens', component: lazyRouteComponent(() => import('./pages/settings/tokens-page.tsx'), 'TokensPage') });
const members = createRoute({ getParentRoute: () => org, path: '/settings/members', component: lazyRouteComponent(() => import('./pages/settings/members-page.tsx'), 'MembersPage') });
const audit = createRoute({ getParentRoute: () => org, path: '/settings/audit', component: lazyRouteComponent(() => import('./pages/settings/audit-page.tsx'), 'AuditPage') });
const sessions = createRoute({ getParentRoute: () => org, path: '/settings/sessions', component: lazyRouteComponent(() => import('./pages/account/sessions-page.tsx'), 'SessionsPage') });

export const routeTree = root.addChildren([
  home, signIn, signUp, forgot, resetPassword, invitation, newOrg,
  org.addChildren([fleet, connect, topology, connection, workloads, workload, edge, tap, rules, newRule, rule, incidents, incident, channels, tokens, members, audit, sessions]),
]);

/** The console's router; tests give a history in memory. */
export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    defaultErrorComponent: ErrorPage,
    scrollRestoration: true,
    ...(history === undefined ? {} : { history }),
  });
}

function NotFound(): React.JSX.Element {
  return (
    <div className="mx-auto mt-16 max-w-xl p-4">
      <Empty title="There is no page at this address" action={<To to={paths.home()} className={buttonClass('primary')}>To the console</To>}>The link may be old, or a letter got lost on its way.</Empty>
    </div>
  );
}
