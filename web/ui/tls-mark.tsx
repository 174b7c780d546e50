/** A lock for mutual TLS, an open one, coloured, for plain text. */
import { Lock, LockOpen } from 'lucide-react';

export function TlsMark({ tls, size = 11 }: { tls: 'mtls' | 'plain'; size?: number }): React.JSX.Element {
  if (tls === 'mtls') return <Lock size={size} role="img" aria-label="mutual TLS" className="shrink-0 text-faint" />;
  return <LockOpen size={size} role="img" aria-label="plain text" className="shrink-0 text-degraded" />;
}
