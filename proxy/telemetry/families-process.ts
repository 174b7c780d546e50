/** linkerd2-proxy's families of the process and its certificate. */
import { family, line, type Pieces } from './exposition.ts';

/** What the system knows of this process; null where there is no `/proc`. */
export interface SystemFacts {
  readonly openDescriptors: number;
  readonly maxDescriptors: number;
  readonly threads: number;
  readonly virtualBytes: number;
  /** Of all interfaces of the network namespace. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What else `/metrics` shows; times in ms since 1970 or as named. */
export interface ProcessFacts {
  readonly version: string;
  readonly runtime: string;
  readonly startMs: number;
  readonly nowMs: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly system: SystemFacts | null;
  /** Null without a certificate. */
  readonly certificate: { readonly notAfterMs: number; readonly refreshedMs: number } | null;
  readonly certificateRefreshes: { readonly ok: number; readonly error: number };
}

function* single(name: string, type: 'counter' | 'gauge', help: string, value: number | null | undefined): Pieces {
  yield* family(name, type, help, value === null || value === undefined ? [] : [line(name, [], value)]);
}

export function* identityFamilies({ certificate, certificateRefreshes: { ok, error } }: ProcessFacts): Pieces {
  const name = 'control_identity_cert';
  yield* single(`${name}_expiration_timestamp_seconds`, 'gauge', "Time when this proxy's current mTLS identity certificate will expire (in seconds since the UNIX epoch).", certificate && certificate.notAfterMs / 1_000);
  yield* single(`${name}_refresh_timestamp_seconds`, 'gauge', "Time when this proxy's current mTLS identity certificate was last updated.", certificate && certificate.refreshedMs / 1_000);
  const results = [line(`${name}_refreshes_total`, [['result', 'ok']], ok), line(`${name}_refreshes_total`, [['result', 'error']], error)];
  yield* family(`${name}_refreshes_total`, 'counter', "The total number of times this proxy's mTLS identity certificate has been refreshed by the Identity provider.", results);
}

export function* processFamilies(facts: ProcessFacts): Pieces {
  const { system } = facts;
  const build = line('proxy_build_info', [['date', ''], ['git_sha', ''], ['profile', 'release'], ['vendor', `sidelight (${facts.runtime})`], ['version', facts.version]], 1);
  yield* family('proxy_build_info', 'gauge', 'Proxy build info.', [build]);
  yield* single('process_start_time_seconds', 'gauge', 'Time that the process started (in seconds since the UNIX epoch).', facts.startMs / 1_000);
  yield* single('process_clock_time_seconds', 'gauge', 'Current system time for this process.', facts.nowMs / 1_000);
  yield* single('process_uptime_seconds_total', 'counter', 'Total time since the process started (in seconds)', (facts.nowMs - facts.startMs) / 1_000);
  yield* single('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds', facts.cpuSeconds);
  yield* single('process_virtual_memory_bytes', 'gauge', 'Virtual memory size in bytes', system?.virtualBytes);
  yield* single('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes', facts.residentBytes);
  yield* single('process_open_fds', 'gauge', 'Number of open file descriptors', system?.openDescriptors);
  yield* single('process_max_fds', 'gauge', 'Maximum number of open file descriptors', system?.maxDescriptors);
  yield* single('process_network_receive_bytes_total', 'counter', 'Number of bytes received by the process over the network', system?.receivedBytes);
  yield* single('process_network_transmit_bytes_total', 'counter', 'Number of bytes sent by the process over the network', system?.sentBytes);
  yield* single('process_threads', 'gauge', 'Number of OS threads in the process.', system?.threads);
}
