/** Text that is there to be copied: commands and secrets. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button.tsx';

const COPIED_MS = 1_600;

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }): React.JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button small aria-label={label} onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false))}>
      {copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
      <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
    </Button>
  );
}

/** A block of commands with its copy button; long lines scroll. */
export function Command({ text, label }: { text: string; label: string }): React.JSX.Element {
  return (
    <div className="flex items-start rounded-md border border-line bg-raised">
      <pre className="min-w-0 flex-1 overflow-x-auto py-2.5 pl-3 font-mono text-xs leading-5 text-ink" tabIndex={0} role="group" aria-label={label}>{text}</pre>
      <div className="p-1.5"><CopyButton text={text} label={`Copy ${label}`} /></div>
    </div>
  );
}

/** A secret that this answer alone holds. */
export function SecretOnce({ name, secret }: { name: string; secret: string }): React.JSX.Element {
  return (
    <div className="rounded-md border border-degraded bg-degraded-tint p-3">
      <p className="mb-2 font-medium">Copy the {name} now: it is shown only this once.</p>
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 truncate rounded border border-line bg-surface px-2 py-1.5 font-mono text-xs select-all" data-testid="secret">{secret}</code>
        <CopyButton text={secret} label={`Copy the ${name}`} />
      </div>
    </div>
  );
}
