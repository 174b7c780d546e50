/**
 * Versions of the links that this folder owns. A peer that speaks a newer one is told so with a code; it is never guessed at.
 * History: 1, November 2026: first version.
 */
export const CONTROL_WIRE_VERSION = 1;

/** Version of the mesh hop, sent in the `sidelight-mesh` header of each CONNECT. */
export const MESH_WIRE_VERSION = 1;
