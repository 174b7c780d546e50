/** What a frame says of the proxies' windows in it. */
import type { ProxyWindow } from '../../proxy/wire/report.ts';
import type { ClusterWindow } from '../wire/rollup.ts';
import { mergeWindows } from './merge.ts';

export interface Sealed {
  readonly windows: readonly ClusterWindow[];
  /** Windows that the proxies dropped from their rings. */
  readonly proxyWindows: number;
  /** Exchanges folded into `other`, by a proxy or here. */
  readonly folded: number;
}

export function sealWindows(windows: readonly ProxyWindow[], lengthMs: number): Sealed {
  const merged = mergeWindows(windows, lengthMs);
  return {
    windows: merged.windows,
    proxyWindows: windows.reduce((sum, { dropped }) => sum + dropped.windows, 0),
    folded: windows.reduce((sum, { dropped }) => sum + dropped.folded, merged.folded),
  };
}
