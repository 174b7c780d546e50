/** The rail on the left: organization, its pages, the chosen cluster's pages, settings, the person. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown, Monitor, Moon, Plus, Search, Sun } from 'lucide-react';
import type { ReactNode } from 'react';
import { allows } from '../../cloud/wire/roles.ts';
import { signOut } from '../api/account.ts';
import { apiQuery } from '../api/queries.ts';
import { LIVE_SECONDS } from '../api/range.ts';
import { paths } from '../paths.ts';
import { IconButton } from '../ui/button.tsx';
import { StatusGlyph } from '../ui/glyph.tsx';
import { Menu, MenuItem, MenuLabel, MenuLine } from '../ui/menu.tsx';
import { setTheme, useTheme, type Theme } from '../ui/theme.ts';
import { To } from './link.tsx';
import { useMaybeClusterId } from './location.ts';
import { useRole } from './role.ts';
import { Key } from './shortcuts.tsx';

/** The rail follows the fleet's state this often. */
const RAIL_POLL_MS = 5_000;

export function Rail({ slug, onPalette, onHelp }: { slug: string; onPalette: () => void; onHelp: () => void }): React.JSX.Element {
  const health = useQuery(apiQuery('getHealth', { params: { slug }, query: { windowSeconds: LIVE_SECONDS } }, { pollMs: RAIL_POLL_MS }));
  const role = useRole(slug);
  const openIncidents = (health.data?.clusters ?? []).reduce((sum, cluster) => sum + cluster.openIncidents, 0);
  return (
    <div className="flex h-full flex-col gap-5 px-3 py-3.5">
      <div className="space-y-2">
        <OrgMenu slug={slug} />
        <button type="button" onClick={onPalette} className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-surface px-2 text-faint transition-colors duration-150 hover:border-line-strong hover:text-muted">
          <Search size={14} aria-hidden />
          <span className="flex-1 text-left">Go to…</span>
          <Key text="⌘K" />
        </button>
      </div>
      <nav aria-label="Console" className="flex-1 space-y-5 overflow-y-auto">
        <ul className="space-y-px">
          <Item to={paths.fleet(slug)} exact>Fleet</Item>
          <Item to={paths.incidents(slug)} note={openIncidents === 0 ? undefined : <span className="text-failing">{openIncidents} open</span>}>Incidents</Item>
          <Item to={paths.rules(slug)}>Alert rules</Item>
        </ul>
        <ClusterSection slug={slug} />
        <ul className="space-y-px">
          <Heading>Settings</Heading>
          <Item to={paths.channels(slug)}>Channels</Item>
          <Item to={paths.members(slug)}>Members</Item>
          {allows(role, 'admin') && <Item to={paths.tokens(slug)}>API tokens</Item>}
          {allows(role, 'admin') && <Item to={paths.audit(slug)}>Audit log</Item>}
        </ul>
      </nav>
      <Person slug={slug} onHelp={onHelp} />
    </div>
  );
}

function Heading({ children }: { children: ReactNode }): React.JSX.Element {
  return <li className="px-2 pb-1 text-2xs text-faint" aria-hidden>{children}</li>;
}

function Item({ to, children, note, exact = false }: { to: string; children: ReactNode; note?: ReactNode; exact?: boolean }): React.JSX.Element {
  return (
    <li>
      <To to={to} exact={exact} within={!exact} className="flex h-8 items-center justify-between rounded-md px-2 text-muted transition-colors duration-150 hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink">
        <span>{children}</span>
        {note !== undefined && <span className="text-xs font-normal">{note}</span>}
      </To>
    </li>
  );
}

function OrgMenu({ slug }: { slug: string }): React.JSX.Element {
  const navigate = useNavigate();
  const me = useQuery(apiQuery('getMe', {}));
  const orgs = me.data?.orgs ?? [];
  const name = orgs.find((org) => org.slug === slug)?.name ?? slug;
  return (
    <Menu
      trigger={
        <button type="button" aria-label={`Organization: ${name}`} className="flex h-9 w-full items-center gap-2 rounded-md px-2 font-medium transition-colors duration-150 hover:bg-raised">
          <img src="/favicon.svg" alt="" width={20} height={20} className="rounded-[5px]" />
          <span className="min-w-0 flex-1 truncate text-left">{name}</span>
          <ChevronsUpDown size={14} aria-hidden className="text-faint" />
        </button>
      }
    >
      <MenuLabel>Organizations</MenuLabel>
      {orgs.map((org) => <MenuItem key={org.slug} checked={org.slug === slug} onSelect={() => void navigate({ to: paths.fleet(org.slug) as '/' })}><span className="truncate">{org.name}</span></MenuItem>)}
      <MenuLine />
      <MenuItem onSelect={() => void navigate({ to: paths.newOrg() as '/' })}><Plus size={14} aria-hidden />New organization</MenuItem>
    </Menu>
  );
}

function ClusterSection({ slug }: { slug: string }): React.JSX.Element | null {
  const clusterId = useMaybeClusterId();
  const navigate = useNavigate();
  const health = useQuery(apiQuery('getHealth', { params: { slug }, query: { windowSeconds: LIVE_SECONDS } }));
  const clusters = health.data?.clusters ?? [];
  const current = clusters.find((cluster) => cluster.id === clusterId);
  if (clusters.length === 0) return null;
  return (
    <ul className="space-y-px">
      <Heading>Cluster</Heading>
      <li>
        <Menu
          trigger={
            <button type="button" aria-label={current === undefined ? 'Choose a cluster' : `Cluster: ${current.name}`} className="flex h-8 w-full items-center gap-2 rounded-md px-2 transition-colors duration-150 hover:bg-raised">
              {current !== undefined && <StatusGlyph status={current.status} label />}
              <span className={current === undefined ? 'flex-1 text-left text-muted' : 'flex-1 truncate text-left font-medium'}>{current?.name ?? 'Choose a cluster'}</span>
              <ChevronsUpDown size={13} aria-hidden className="text-faint" />
            </button>
          }
        >
          {clusters.map((cluster) => (
            <MenuItem key={cluster.id} checked={cluster.id === clusterId} onSelect={() => void navigate({ to: paths.topology(slug, cluster.id) as '/' })}>
              <StatusGlyph status={cluster.status} label /><span className="truncate">{cluster.name}</span>
            </MenuItem>
          ))}
          <MenuLine />
          <MenuItem onSelect={() => void navigate({ to: paths.connect(slug) as '/' })}><Plus size={14} aria-hidden />Connect a cluster</MenuItem>
        </Menu>
      </li>
      {clusterId !== null && (
        <>
          <Item to={paths.topology(slug, clusterId)} exact>Topology</Item>
          <Item to={paths.workloads(slug, clusterId)}>Workloads</Item>
          <Item to={paths.tap(slug, clusterId)}>Tap</Item>
          <Item to={paths.connection(slug, clusterId)}>Connection</Item>
        </>
      )}
    </ul>
  );
}

const THEMES = {
  system: { next: 'light', label: 'Theme: as the system', icon: <Monitor size={15} aria-hidden /> },
  light: { next: 'dark', label: 'Theme: light', icon: <Sun size={15} aria-hidden /> },
  dark: { next: 'system', label: 'Theme: dark', icon: <Moon size={15} aria-hidden /> },
} as const satisfies Record<Theme, { next: Theme; label: string; icon: React.JSX.Element }>;

function Person({ slug, onHelp }: { slug: string; onHelp: () => void }): React.JSX.Element {
  const me = useQuery(apiQuery('getMe', {}));
  const client = useQueryClient();
  const navigate = useNavigate();
  const theme = THEMES[useTheme()];
  const leave = async (): Promise<void> => {
    await signOut();
    client.clear();
    await navigate({ to: paths.signIn() as '/' });
  };
  return (
    <div className="flex items-center gap-1 border-t border-line pt-3">
      <Menu trigger={<button type="button" aria-label="Your account" className="min-w-0 flex-1 truncate rounded-md px-2 py-1 text-left text-xs text-muted hover:bg-raised hover:text-ink">{me.data?.user?.email ?? 'Account'}</button>}>
        <MenuLabel>{me.data?.user?.name ?? ''}</MenuLabel>
        <MenuItem onSelect={() => void navigate({ to: paths.sessions(slug) as '/' })}>Your sessions</MenuItem>
        <MenuItem onSelect={() => void leave()}>Sign out</MenuItem>
      </Menu>
      <IconButton label={theme.label} onClick={() => setTheme(theme.next)}>{theme.icon}</IconButton>
      <IconButton label="Keyboard shortcuts" onClick={onHelp}><span aria-hidden className="text-sm">?</span></IconButton>
    </div>
  );
}
