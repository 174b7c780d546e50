/** What the agent counts about itself, and how Prometheus reads it (text format 0.0.4). */

/** Every family; the key follows `sidelight_agent_`. */
export const FAMILIES = {
  proxies_connected: { type: 'gauge', help: 'Proxies with a live control link.' },
  control_connections: { type: 'gauge', help: 'Open connections on the control port.' },
  control_refused_total: { type: 'counter', help: 'Connections and requests refused on the control port.' },
  certificates_issued_total: { type: 'counter', help: 'Leaf certificates issued.' },
  rediscoveries_total: { type: 'counter', help: 'Endpoints that proved another identity than expected, as proxies told.' },
  bundles_sent_total: { type: 'counter', help: 'Trust bundles sent to proxies.' },
  trust_anchor_expiration_timestamp_seconds: { type: 'gauge', help: 'When the anchor that issues leaves ends, seconds since 1970.' },
  trust_anchor_rotation_phase: { type: 'gauge', help: 'Trust anchor rotation: 0 none, 1 both anchors are given out, 2 leaves are renewed.' },
  trust_anchor_rotation_awaited_proxies: { type: 'gauge', help: 'Proxies that the next phase of the rotation waits for.' },
  trust_anchor_rotation_steps_total: { type: 'counter', help: 'Steps of trust anchor rotations; three make a whole one.' },
  trust_anchor_rotation_errors_total: { type: 'counter', help: 'Steps of trust anchor rotations that failed and are tried again.' },
  orders_sent_total: { type: 'counter', help: 'Orders sent to proxies.' },
  resolutions_total: { type: 'counter', help: 'Addresses that transparent proxies asked for.' },
  resolutions_refused_total: { type: 'counter', help: 'Addresses that a proxy asked for beyond its limit, left without an answer.' },
  windows_merged_total: { type: 'counter', help: 'Proxy windows sealed into frames.' },
  windows_late_total: { type: 'counter', help: 'Proxy windows that came after the time for their seal.' },
  windows_duplicate_total: { type: 'counter', help: 'Proxy windows that were there already.' },
  windows_overloaded_total: { type: 'counter', help: 'Proxy windows turned away because too much waited for the disk.' },
  windows_lost_total: { type: 'counter', help: 'Proxy windows that proxies dropped from their rings, or that ended with a proxy’s process (at most).' },
  marks_forgotten_total: { type: 'counter', help: 'Marks of proxies forgotten because there were too many.' },
  rows_foreign_total: { type: 'counter', help: 'Rows that named another workload than the proxy’s own, left out.' },
  frames_sealed_total: { type: 'counter', help: 'Frames written to the spool.' },
  frames_sent_total: { type: 'counter', help: 'Frames sent to the cloud, repeated ones included.' },
  frames_acknowledged_total: { type: 'counter', help: 'Acknowledgements from the cloud.' },
  frames_resend_total: { type: 'counter', help: 'Times that the cloud asked for frames again.' },
  spool_frames: { type: 'gauge', help: 'Frames in the spool that the cloud has not acknowledged.' },
  spool_bytes: { type: 'gauge', help: 'Size of the spool on disk.' },
  spool_dropped_frames: { type: 'gauge', help: 'Unsent frames dropped since the start from a full, too old or damaged spool.' },
  spool_damaged_records: { type: 'gauge', help: 'Spool records that could not be read since the start.' },
  spool_write_errors_total: { type: 'counter', help: 'Failed writes to the spool; the frame is tried again.' },
  tap_sessions: { type: 'gauge', help: 'Tap sessions under way.' },
  tap_events_dropped: { type: 'gauge', help: 'Tap events since the start that the cluster’s rate kept back.' },
  tap_reports_dropped_total: { type: 'counter', help: 'Tap reports dropped, since the socket to the cloud was behind.' },
  uplink_connected: { type: 'gauge', help: '1 while the cloud has welcomed this agent.' },
  uplink_connects_total: { type: 'counter', help: 'Tries to connect to the cloud.' },
  uplink_refused_total: { type: 'counter', help: 'Times that the cloud refused this agent.' },
  uplink_slowed_total: { type: 'counter', help: 'Times that the cloud asked for a pause, since it commits slowly.' },
  clock_corrections_total: { type: 'counter', help: 'Corrections of the mesh clock to the cloud’s.' },
  kubernetes_lists_total: { type: 'counter', help: 'Lists of the cluster’s objects, at the start, after a watch that was too old, and to compare.' },
  kubernetes_watch_errors_total: { type: 'counter', help: 'Failed lists and watches of the cluster’s objects; each is tried again.' },
  kubernetes_resync_fixed_total: { type: 'counter', help: 'Objects that a watch had missed, found by comparing with a list.' },
  trust_bundle_errors_total: { type: 'counter', help: 'Times that a namespace could not be given the trust bundle; it is tried again.' },
  mesh_applied_total: { type: 'counter', help: 'Mesh files put in force.' },
  mesh_refused_total: { type: 'counter', help: 'Mesh files refused for their faults.' },
} as const satisfies Record<string, { type: 'gauge' | 'counter'; help: string }>;

type FamilyName = keyof typeof FAMILIES;
export type CounterName = { [K in FamilyName]: (typeof FAMILIES)[K]['type'] extends 'counter' ? K : never }[FamilyName];
export type GaugeName = Exclude<FamilyName, CounterName>;

/** Values of all gauges at one moment. */
export type Gauges = Readonly<Record<GaugeName, number>>;

export class Metrics {
  readonly #counts = new Map<FamilyName, number>();

  add(name: CounterName, by = 1): void {
    this.#counts.set(name, this.get(name) + by);
  }

  get(name: CounterName): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The exposition text; `gauges` are read at the scrape. */
  render(gauges: Gauges): string {
    const values: Record<string, number> = { ...Object.fromEntries(this.#counts), ...gauges };
    const families = Object.entries(FAMILIES).map(([name, { type, help }]) => {
      const full = `sidelight_agent_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${values[name] ?? 0}\n`;
    });
    return families.join('');
  }
}
