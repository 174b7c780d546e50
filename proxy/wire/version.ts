/**
 * Versions of the links that this folder owns. A peer that speaks a newer one is told so with a code; it is never guessed at.
 * History of the control link: 1, November 2026: first version.
 * History of the mesh hop: 1, November 2026: a connection for each stream, opened by an HTTP/1.1 CONNECT.
 * 2, November 2026: HTTP/2 links; peers of version 1 are served and spoken to in it.
 */
export const CONTROL_WIRE_VERSION = 1;

/** Highest version of the mesh hop that this proxy speaks. */
export const MESH_WIRE_VERSION = 2;

/** The version before links, in the `sidelight-mesh` header of each CONNECT. */
export const MESH_WIRE_VERSION_1 = 1;
