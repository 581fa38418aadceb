// How long a peer may be silent before it counts as not there. The heartbeat, claims and the forming of a mesh go by the same numbers, and hosts
// must share them. What follows from silence stands elsewhere: for `GET /api/hosts` in node/peers/heartbeat/presence.ts, for claims in claims/greeting-answer.ts.

/**
 * A greeting's answer, after which the host counts as silent until it comes after all; also how long a host that has just started waits for
 * every other elector (membership/README.md, step 13).
 */
export const GREETING_MS_MAX = 2_000;
/** An answer that comes by then still says that the host is there. */
export const GREETING_LATE_MS_MAX = 8_000;
/** A host whose timer is later than this was too busy itself to tell that another one is silent. */
export const OWN_LAG_MS_MAX = 500;
