/** Tabs by Radix. The open one is the caller's state, mostly the URL's. */
import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

export interface Tab {
  readonly key: string;
  readonly label: string;
  readonly note?: string;
  readonly content: ReactNode;
}

export function Tabs({ label, tabs, open, onOpen }: { label: string; tabs: readonly Tab[]; open: string; onOpen: (key: string) => void }): React.JSX.Element {
  return (
    <Radix.Root value={open} onValueChange={onOpen}>
      <Radix.List aria-label={label} className="mb-3 flex gap-5 overflow-x-auto border-b border-line">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.key}
            value={tab.key}
            className="-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent whitespace-nowrap text-muted transition-colors duration-150 hover:text-ink data-[state=active]:border-ink data-[state=active]:font-medium data-[state=active]:text-ink"
          >
            {tab.label}
            {tab.note !== undefined && <span className="text-xs font-normal text-faint">{tab.note}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => <Radix.Content key={tab.key} value={tab.key}>{tab.content}</Radix.Content>)}
    </Radix.Root>
  );
}
