/** What a frame says of the proxies' windows in it. */
import type { ProxyWindow } from '../../proxy/wire/report.ts';
import type { ClusterWindow } from '../wire/rollup.ts';
import { mergeSteps } from './merge.ts';
import type { Steps } from './steps.ts';

export interface Sealed {
  readonly windows: readonly ClusterWindow[];
  /** Windows that the proxies dropped from their rings, and those that went with a proxy's process. */
  readonly proxyWindows: number;
  /** Exchanges folded into `other`, by a proxy or here. */
  readonly folded: number;
}

/** Merges in small steps. `lost`: windows that went with their proxies' processes. */
export function* sealSteps(windows: readonly ProxyWindow[], lengthMs: number, lost = 0): Steps<Sealed> {
  const merged = yield* mergeSteps(windows, lengthMs);
  return {
    windows: merged.windows,
    proxyWindows: windows.reduce((sum, { dropped }) => sum + dropped.windows, lost),
    folded: windows.reduce((sum, { dropped }) => sum + dropped.folded, merged.folded),
  };
}
