/** What surrounds every page of an organization: skip link, rail, bar with crumbs and the time control. */
import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { Menu as MenuIcon } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useEffect, useState } from 'react';
import { apiQuery } from '../api/queries.ts';
import { IconButton } from '../ui/button.tsx';
import { useSlug } from './location.ts';
import { CompareControl } from './compare-control.tsx';
import { crumbsOf, showsComparison, showsRange } from './crumbs.ts';
import { To } from './link.tsx';
import { Palette } from './palette.tsx';
import { Rail } from './rail.tsx';
import { ShortcutsDialog, useShortcuts } from './shortcuts.tsx';
import { TimeControl } from './time-control.tsx';

export function Shell(): React.JSX.Element {
  const slug = useSlug();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [drawer, setDrawer] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => setDrawer(false), [pathname]);
  useShortcuts({ slug, onPalette: () => setPalette(true), onHelp: () => setHelp(true) });
  const rail = <Rail slug={slug} onPalette={() => setPalette(true)} onHelp={() => setHelp(true)} />;
  return (
    <div className="flex min-h-dvh">
      <a href="#main" className="fixed top-2 left-2 z-50 -translate-y-16 rounded-md border border-line-strong bg-surface px-3 py-1.5 focus:translate-y-0">Skip to the page</a>
      <aside className="sticky top-0 hidden h-dvh w-56 shrink-0 border-r border-line md:block">{rail}</aside>
      <Drawer open={drawer} onOpenChange={setDrawer}>{rail}</Drawer>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-20 flex h-13 items-center gap-2 border-b border-line bg-ground/92 px-4 backdrop-blur-sm md:px-6">
          <IconButton label="Open the menu" className="-ml-2 md:hidden" onClick={() => setDrawer(true)}><MenuIcon size={17} aria-hidden /></IconButton>
          <Crumbs slug={slug} pathname={pathname} />
          {showsComparison(pathname) && <CompareControl />}
          {showsRange(pathname) && <TimeControl />}
        </header>
        <main id="main" tabIndex={-1} className="min-w-0 flex-1 px-4 py-5 outline-none md:px-6">
          <Outlet />
        </main>
      </div>
      <Palette slug={slug} open={palette} onOpenChange={setPalette} />
      <ShortcutsDialog open={help} onOpenChange={setHelp} />
    </div>
  );
}

function Drawer({ open, onOpenChange, children }: { open: boolean; onOpenChange: (open: boolean) => void; children: React.ReactNode }): React.JSX.Element {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35" />
        <Dialog.Content aria-describedby={undefined} className="fixed inset-y-0 left-0 z-50 w-72 max-w-[85vw] border-r border-line bg-ground">
          <Dialog.Title className="sr-only">Menu</Dialog.Title>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Crumbs({ slug, pathname }: { slug: string; pathname: string }): React.JSX.Element {
  const clusters = useQuery(apiQuery('listClusters', { params: { slug } }));
  const nameOf = (clusterId: string): string => clusters.data?.clusters.find((cluster) => cluster.id === clusterId)?.name ?? '…';
  const crumbs = crumbsOf(pathname, slug, nameOf);
  return (
    <nav aria-label="Where you are" className="min-w-0 flex-1">
      <ol className="flex min-w-0 items-center gap-1.5">
        {crumbs.map((crumb, at) => {
          const last = at === crumbs.length - 1;
          return (
            <li key={crumb.to} className={last ? 'min-w-0 truncate' : 'hidden shrink-0 items-center gap-1.5 text-muted sm:flex'}>
              {last ? <span aria-current="page" className="font-medium">{crumb.text}</span> : <><To to={crumb.to} className="hover:text-ink">{crumb.text}</To><span aria-hidden className="text-faint">/</span></>}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
