/**
 * Version of the uplink. The cloud takes each version of the last 12 months; golden frames of each stay in `golden/`.
 * History: 1, November 2026: first version.
 */
export const UPLINK_WIRE_VERSION = 1;

/** Path of the uplink's WebSocket; the cluster's token, or the credential that came for it, goes in `Authorization: Bearer`. */
export const UPLINK_PATH = '/agent/v1/uplink';
