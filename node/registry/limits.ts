// Bounds of the registry. Those by which peers' agents and addresses are read too stand in mesh/limits.ts.
import { CLAIM_MS_MAX } from '../../mesh/limits.ts';

/** An agent, as the specification's "Validation Rules" bound it. */
export const ADDRESSES_PER_AGENT_MAX = 10;
export const AGENT_LABEL_CHARACTERS_MAX = 256;
/** Of an agent's metadata as UTF-8 JSON; that of an address is in the index of every host, and has less. */
export const AGENT_METADATA_BYTES_MAX = 4_096;

/** How long a mutation waits for others of the same agent, name or address: as long as one claim can take. */
export const LOCK_WAIT_MS_MAX = CLAIM_MS_MAX;
/** For what an operator must mend first. */
export const OPERATOR_RETRY_AFTER_SECONDS = 60;
/** Of a displayName in UTF-8: the longest name that file systems take. */
export const DISPLAY_NAME_BYTES_MAX = 255;
/** Keys of metadata: long enough for a URL path, short enough for a header. */
export const METADATA_KEY_CHARACTERS_MAX = 128;
/** Owners that the voters named lately, kept for the requests that waited meanwhile. */
export const OWNERS_REMEMBERED_MAX = 10_000;

/** How often it is looked whether something that is kept of deleted agents may go, and how many go in one commit. */
export const GONE_SWEEP_INTERVAL_MS = 60 * 60 * 1_000;
export const GONE_AT_ONCE_MAX = 200;
