/** A link to a path from paths.ts; the chosen time range goes along with it. */
import { Link, type LinkProps } from '@tanstack/react-router';
import { clsx } from 'clsx';
import type { AnchorHTMLAttributes, ReactNode } from 'react';

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> {
  readonly to: string;
  readonly search?: Readonly<Record<string, string | number | undefined>>;
  readonly children: ReactNode;
  /** Marks the link when its page or a page below it is open. */
  readonly within?: boolean;
  readonly exact?: boolean;
}

export function To({ to, search, children, exact, within, ...rest }: Props): React.JSX.Element {
  const props = { to, search: search ?? {}, activeOptions: { exact: exact ?? !within, includeSearch: false }, ...rest } as unknown as LinkProps;
  return <Link {...props}>{children}</Link>;
}

/** A link in running text or a cell. */
export function TextLink({ className, ...rest }: Props): React.JSX.Element {
  return <To {...rest} className={clsx('underline decoration-line-strong underline-offset-3 transition-colors duration-150 hover:decoration-ink', className)} />;
}
