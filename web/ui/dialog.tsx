/** A dialog over the page, by Radix: focus stays in, Escape closes. */
import { Dialog as Radix } from 'radix-ui';
import { X } from 'lucide-react';
import { clsx } from 'clsx';
import type { ReactNode } from 'react';

interface Props {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly text?: string;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Dialog({ open, onOpenChange, title, text, children, className }: Props): React.JSX.Element {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/35" />
        <Radix.Content
          {...(text === undefined ? { 'aria-describedby': undefined } : {})}
          className={clsx('fixed top-[12dvh] left-1/2 z-50 max-h-[80dvh] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 overflow-y-auto rounded-lg border border-line-strong bg-surface p-5 shadow-2xl shadow-black/15', className)}
        >
          <div className="mb-4 flex items-start justify-between gap-4">
            <div>
              <Radix.Title className="text-base font-medium">{title}</Radix.Title>
              {text !== undefined && <Radix.Description className="mt-0.5 text-muted">{text}</Radix.Description>}
            </div>
            <Radix.Close aria-label="Close" className="rounded p-1 text-faint hover:bg-raised hover:text-ink"><X size={16} aria-hidden /></Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Asks before something that can't be undone. */
export function Confirm({ open, onOpenChange, title, text, children }: Omit<Props, 'className'>): React.JSX.Element {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} {...(text === undefined ? {} : { text })} className="max-w-md">
      <div className="flex justify-end gap-2">{children}</div>
    </Dialog>
  );
}
