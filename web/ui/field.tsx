/** Form fields: label above, one line of explanation, the fault beneath as a sentence. */
import { clsx } from 'clsx';
import { useId, type InputHTMLAttributes, type ReactNode, type Ref } from 'react';

export const inputClass =
  'h-8 rounded-md border border-line-strong bg-surface px-2.5 text-sm text-ink placeholder:text-faint transition-colors duration-150 hover:border-faint aria-invalid:border-failing';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly fault?: string | undefined;
  readonly ref?: Ref<HTMLInputElement>;
}

export function Field({ label, hint, fault, className, ...input }: FieldProps): React.JSX.Element {
  const id = useId();
  return (
    <div className={clsx('flex flex-col gap-1', className)}>
      <label htmlFor={id} className="font-medium">{label}</label>
      <input id={id} className={clsx(inputClass, 'h-9 w-full')} aria-invalid={fault !== undefined} aria-describedby={`${id}-note`} {...input} />
      <p id={`${id}-note`} className={clsx('text-xs', fault === undefined ? 'text-faint' : 'text-failing')} role={fault === undefined ? undefined : 'alert'}>
        {fault ?? hint}
      </p>
    </div>
  );
}

/** A native select in the same look: the platform's own list is the best one on a phone and for the keyboard. */
export function Choice({ className, children, ...rest }: React.SelectHTMLAttributes<HTMLSelectElement> & { ref?: Ref<HTMLSelectElement> }): React.JSX.Element {
  return (
    <select className={clsx(inputClass, 'pr-7', className)} {...rest}>
      {children}
    </select>
  );
}
