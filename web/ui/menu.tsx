/** Menus by Radix in the console's look. */
import { DropdownMenu } from 'radix-ui';
import { Check } from 'lucide-react';
import { clsx } from 'clsx';
import type { ReactNode } from 'react';

const itemClass = 'flex h-8 cursor-default items-center gap-2 rounded px-2 outline-none select-none data-[highlighted]:bg-raised';

export function Menu({ trigger, children, align = 'start' }: { trigger: ReactNode; children: ReactNode; align?: 'start' | 'end' }): React.JSX.Element {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align={align} sideOffset={6} collisionPadding={8} className="z-50 max-h-[70dvh] min-w-52 overflow-y-auto rounded-lg border border-line-strong bg-surface p-1 text-sm shadow-xl shadow-black/10">
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function MenuItem({ onSelect, checked, children }: { onSelect: () => void; checked?: boolean; children: ReactNode }): React.JSX.Element {
  return (
    <DropdownMenu.Item onSelect={onSelect} className={itemClass}>
      <span className="flex min-w-0 flex-1 items-center gap-2">{children}</span>
      {checked !== undefined && <Check size={14} aria-label={checked ? 'chosen' : undefined} aria-hidden={!checked} className={clsx(!checked && 'invisible')} />}
    </DropdownMenu.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }): React.JSX.Element {
  return <DropdownMenu.Label className="px-2 pt-1.5 pb-1 text-2xs text-faint">{children}</DropdownMenu.Label>;
}

export function MenuLine(): React.JSX.Element {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />;
}
