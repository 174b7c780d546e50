/** Limits of the HTTP/1.1 engine, each with its reason. */

/** Bytes of a head with its empty line. Node takes 16 KiB, Envoy 60, Go 1 MiB; what the fault table promises. */
export const HEAD_BYTES_MAX = 64 * 1024;

/** Field lines of a head. Envoy and Apache take 100; scanning stays far below a millisecond. */
export const FIELDS_MAX = 256;

/** Digits of a Content-Length: below 2^53, so that counting is exact. */
export const LENGTH_DIGITS_MAX = 15;

/** Digits of a chunk size, leading zeros included; 2^52 bytes are enough for a chunk. */
export const CHUNK_SIZE_DIGITS_MAX = 13;

/** Bytes of extensions on one chunk's line: nobody uses them, attackers do (Go's CVE-2023-39326). */
export const CHUNK_EXTENSION_BYTES_MAX = 256;

/** Bytes of extensions of one whole body, for the same reason. */
export const CHUNK_EXTENSIONS_BYTES_MAX = 16 * 1024;

/** Bytes of trailers. */
export const TRAILER_BYTES_MAX = 16 * 1024;

/** Letters of a method; the longest registered one has 17. */
export const METHOD_BYTES_MAX = 32;
