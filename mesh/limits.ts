// Bounds that several rooms share, each with its unit last in its name. One that a single file keeps stands in that file; one that several files
// of a room share, in the limits.ts of that room, here (address/, channel/, feed/) and in node/. How long a peer may be silent: peer-silence.ts.
// A bound that hosts must share (sizes of messages, intervals, graces) is part of what they say to each other: change it on all of them.
// Steps are those of membership/README.md.

/** What hosts read of each other's agents and addresses, as the specification's "Validation Rules" bound it. */
export const AGENT_NAME_CHARACTERS_MAX = 128;
export const DISPLAY_NAME_CHARACTERS_MAX = 128;
export const METADATA_KEYS_MAX = 20;
export const METADATA_BYTES_MAX = 2_048;
/** Longest text of an address that is parsed at all, in UTF-16 units: far above the 254 octets of RFC 5321, far below a flood. */
export const ADDRESS_TEXT_CHARACTERS_MAX = 1_024;
/** A peer's request body. A message about 100 keys is about 60 KiB. */
export const PEER_BODY_BYTES_MAX = 512 * 1_024;

/** A peer's whole answer to a federated question, headers and body (the specification grants each host 5 s). */
export const ANSWER_MS_MAX = 5_000;
/** A copied host that said so long ago that the copy is as its index is counts as stale: an answer about its log comes each 25 s at least, or one to a greeting each 16 s. */
export const COPY_FRESH_MS_MAX = 40_000;
/** One peer's whole index: 100,000 addresses at about 300 octets. */
export const INDEX_ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
export const INDEX_ENTRIES_MAX = 200_000;
/** One peer's answer about one address or one agent: ten addresses with all their metadata, each in two spellings. */
export const LOOKUP_ANSWER_BYTES_MAX = 128 * 1_024;

/** A claim, from the client's request to its answer. */
export const CLAIM_MS_MAX = 5_000;
/** A release that the voters have not confirmed by then is answered 202, and goes on in the background. */
export const RELEASE_ANSWER_MS_MAX = 2_000;
/** Unfinished aborts and releases are tried again after this long. */
export const RELEASE_RETRY_MS = 1_000;
/** Keys in one message between hosts. */
export const KEYS_PER_MESSAGE_MAX = 100;
/** Keys of registers in one answer, while a mesh moves: about 60 octets each. */
export const KEYS_PER_PAGE_MAX = 2_000;
/** Registers that one question about released names is about. */
export const COLLECTED_AT_ONCE_MAX = 500;
/** Claims and releases in hand at once on one node; above it the node answers 503. */
export const CLAIMS_IN_HAND_MAX = 10_000;

/** Hosts of one mesh, those included that hosts.json disables. */
export const HOSTS_MAX = 1_000;

/** How often each host is greeted in a mesh in which everybody greets everybody (step 1); in a large one, see membership/greeted-hosts.ts. */
export const GREETING_INTERVAL_MS = 10_000;
/** First configurations that a voter remembers. A host whose hosts.json was edited more often while no mesh could form must join by hand. */
export const PAST_CONFIGS_MAX = 16;

/** `Retry-After` of a mutation that met too many others, or voters out of reach. */
export const RETRY_AFTER_SECONDS = 2;
