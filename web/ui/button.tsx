/** Buttons, and links that look like them. */
import { clsx } from 'clsx';
import type { ButtonHTMLAttributes } from 'react';

export type ButtonLook = 'primary' | 'secondary' | 'ghost' | 'danger';

const LOOKS = {
  primary: 'bg-ink text-ground hover:opacity-88 border-transparent',
  secondary: 'bg-surface text-ink border-line-strong hover:bg-raised',
  ghost: 'bg-transparent text-muted border-transparent hover:bg-raised hover:text-ink',
  danger: 'bg-surface text-failing border-line-strong hover:bg-failing-tint',
} as const satisfies Record<ButtonLook, string>;

/** The classes of a button, for links that act as one. */
export function buttonClass(look: ButtonLook = 'secondary', small = false): string {
  return clsx(
    'inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors duration-150 select-none',
    'disabled:opacity-50 disabled:pointer-events-none',
    small ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
    LOOKS[look],
  );
}

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { look?: ButtonLook; small?: boolean };

export function Button({ look = 'secondary', small = false, className, type = 'button', ...rest }: Props): React.JSX.Element {
  return <button type={type} className={clsx(buttonClass(look, small), className)} {...rest} />;
}

/** A square button with an icon; `label` is its name for everyone who can't see the icon. */
export function IconButton({ label, className, type = 'button', ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }): React.JSX.Element {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={clsx('inline-flex size-8 items-center justify-center rounded-md text-muted transition-colors duration-150 hover:bg-raised hover:text-ink disabled:pointer-events-none disabled:opacity-40', className)}
      {...rest}
    />
  );
}
