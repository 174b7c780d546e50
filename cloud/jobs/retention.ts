/** How long each level of the numbers is kept. */
const DAY_MS = 86_400_000;

/** 10-second windows. */
export const WINDOW_RETENTION_MS = 3 * DAY_MS;
/** Minute chunks. */
export const MINUTE_RETENTION_MS = 35 * DAY_MS;
/** Hour chunks, and what existed, what was lost, what was imported and which incidents ended then. */
export const HOUR_RETENTION_MS = 400 * DAY_MS;
