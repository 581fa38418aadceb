// Bounds that more than one room of the mesh or the node keeps, and those of claims, membership and look-ups; each has its unit last in its
// name. A room whose bounds concern nobody else has a limits.ts of its own, here (address/, admission/, channel/, feed/, signature/) and in node/.
// A bound that hosts must share (sizes of messages, intervals, graces) is part of what they say to each other: change it on all of them.
// Steps are those of membership/README.md.

/** What hosts read of each other's agents and addresses, as the specification's "Validation Rules" bound it. */
export const AGENT_NAME_CHARACTERS_MAX = 128;
export const DISPLAY_NAME_CHARACTERS_MAX = 128;
export const METADATA_KEYS_MAX = 20;
export const METADATA_BYTES_MAX = 2_048;
/** Longest text of an address that is parsed at all, in UTF-16 units: far above the 254 octets of RFC 5321, far below a flood. */
export const ADDRESS_TEXT_CHARACTERS_MAX = 1_024;

/** A client's request body. An agent with ten addresses and full metadata is about 30 KiB. */
export const REQUEST_BODY_BYTES_MAX = 256 * 1_024;
/** A peer's request body. A message about 100 keys is about 60 KiB. */
export const PEER_BODY_BYTES_MAX = 512 * 1_024;

/** A peer's whole answer to a federated question, headers and body (the specification grants each host 5 s). */
export const ANSWER_MS_MAX = 5_000;
/** An answer of a host that the heartbeat does not reach: the host answers at once again, or the question should not wait for it. */
export const PROBE_MS_MAX = 250;
/** A copied host that said so long ago that the copy is as its index is counts as stale: an answer about its log comes each 25 s at least, or one to a greeting each 16 s. */
export const COPY_FRESH_MS_MAX = 40_000;
/** The host that the copy names is asked alone for this long; then everybody is. */
export const OWNER_ALONE_MS_MAX = 500;
/** One peer's whole index: 100,000 addresses at about 300 octets. */
export const INDEX_ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
export const INDEX_ENTRIES_MAX = 200_000;
/** Addresses in one page of an index, and how many pages of one are read: for ten million addresses. */
export const INDEX_PAGE_ENTRIES_MAX = 5_000;
export const INDEX_PAGES_MAX = 2_000;
/** One peer's answer about one address or one agent: ten addresses with all their metadata, each in two spellings. */
export const LOOKUP_ANSWER_BYTES_MAX = 128 * 1_024;
export const LOOKUP_ENTRIES_MAX = 100;
/** Askers of the same question within this long share one fan-out, so an answer is at most this much older than its question. */
export const SHARED_QUESTION_MS_MAX = 100;
/** Fan-outs under way at once on one node, and of one client; above it the node answers 429. */
export const QUESTIONS_IN_HAND_MAX = 256;
export const QUESTIONS_OF_CLIENT_MAX = 64;
/** Questions for everything begin at least this far apart. */
export const WHOLE_QUESTION_GAP_MS = 500;
/** Entries that peers' whole indexes may have together in one answer: about 300 octets each. */
export const FEDERATED_ENTRIES_MAX = 1_000_000;
/** A peer that says that it is busy (429, 503) is asked again after this long, while there is time. */
export const BUSY_AGAIN_MS = 100;

/** A claim, from the client's request to its answer. */
export const CLAIM_MS_MAX = 5_000;
/** An attempt (prepare and accept) waits this long for a majority before a higher ballot is tried: four round trips, between the two. */
export const ATTEMPT_MS_MIN = 400;
export const ATTEMPT_MS_MAX = 1_000;
/** After a refused ballot, a random wait between the two, so that two claimants do not meet again. */
export const BACKOFF_MS_MIN = 5;
export const BACKOFF_MS_MAX = 125;
/** A release that the voters have not confirmed by then is answered 202, and goes on in the background. */
export const RELEASE_ANSWER_MS_MAX = 2_000;
/** With an engine: removing all claims of a host that is gone for good, some ten thousand of them. */
export const EVICT_MS_MAX = 60_000;
/** An operator waits this long for an eviction by the voters, which takes a second or two when they are there. */
export const EVICT_ANSWER_MS_MAX = 20_000;
/** Unfinished aborts and releases are tried again after this long. */
export const RELEASE_RETRY_MS = 1_000;
/** Keys in one message between hosts. */
export const KEYS_PER_MESSAGE_MAX = 100;
/** Messages about claims under way to one peer at once; items that come meanwhile gather for the next message. */
export const CLAIM_MESSAGES_UNDER_WAY_MAX = 2;
/** While more items than these are under way to a peer, no second message leaves. */
export const CLAIM_ITEMS_FEW = 4;
/** Items waiting for one peer. Items above it are dropped, and their claims ask again. */
export const CLAIM_ITEMS_QUEUED_MAX = 20_000;
/** Keys of registers in one answer, while a mesh moves: about 60 octets each. */
export const KEYS_PER_PAGE_MAX = 2_000;
/** Addresses taken over at once while a mesh moves: few enough that claims go on beside them. */
export const RECHOOSING_AT_ONCE_MAX = 400;
/** Released names that a voter still keeps a register of: after so long it collects them, and earlier when there are more. */
export const COLLECT_AFTER_MS = 600_000;
export const RELEASED_KEPT_MAX = 20_000;
/** How often a voter looks for released names to collect. */
export const COLLECT_EVERY_MS = 60_000;
/** Registers that one question about released names is about. */
export const COLLECTED_AT_ONCE_MAX = 500;
/** Ballot numbers reserved by one durable write. */
export const BALLOT_BLOCK = 10_000;
/** Claims and releases in hand at once on one node; above it the node answers 503. */
export const CLAIMS_IN_HAND_MAX = 10_000;

/** The answer of a host that only serves the look-up, before an address is claimed. */
export const LEGACY_ANSWER_MS_MAX = 2_000;
/** How long after a claim such hosts are asked again: one may have looked before the claim, and written after it. */
export const LEGACY_AGAIN_MS = [6_000, 30_000] as const;
/** Addresses waiting to be asked about again. Doubles above it are found by the look into each peer's whole index. */
export const LEGACY_AGAIN_MAX = 10_000;

/** hosts.json: above this many hosts, only those marked `"voter": true` vote. */
export const IMPLICIT_VOTERS_MAX = 7;
export const HOSTS_MAX = 1_000;

/** How often each host is greeted (step 1), … */
export const GREETING_INTERVAL_MS = 10_000;
/** … and in a mesh of more hosts than that, unless both vote. There a host that does not vote greets the voters and its two neighbours. */
export const LARGE_GREETING_INTERVAL_MS = 30_000;
export const GREETED_BY_ALL_MAX = 50;
/** How often each host is greeted while the mesh forms or moves. */
export const FORMING_INTERVAL_MS = 500;
/** A greeting's answer, after which the host counts as silent until it comes after all; also how long a host that has just started waits for every other elector (step 13). */
export const GREETING_MS_MAX = 2_000;
/** An answer that comes by then still says that the host is there. */
export const GREETING_LATE_MS_MAX = 8_000;
/** A host whose timer is later than this was too busy itself to tell that another one is silent. */
export const OWN_LAG_MS_MAX = 500;
/** How long the last greeting of a host counts when the mesh is to be moved. */
export const FRESH_GREETING_MS_MAX = 2.5 * GREETING_INTERVAL_MS;
/** The n-th host that could move the mesh waits this long for each host before it, so that two seldom try at once (step 4). */
export const MOVER_RANK_MS = 1_000;
/** First configurations that a voter remembers. A host whose hosts.json was edited more often while no mesh could form must join by hand. */
export const PAST_CONFIGS_MAX = 16;
/** A proposal of the next configuration, before it is given up and begun again. */
export const CONFIG_PROPOSAL_MS_MAX = 3_000;
/** Recoveries by an operator that a configuration remembers (step 18): hosts that missed more of them must join by hand. */
export const RECOVERIES_REMEMBERED = 8;
/** Names of starts that a host keeps of its own data, and that it reads of another host's (step 14). */
export const START_NAMES_KEPT = 20;
export const START_NAMES_READ_MAX = 100;
/** Data of another host of which a start is remembered, beside those that vote: it has other data after each loss. */
export const SEEN_DATA_KEPT = 8;
/** How long a host that left the mesh keeps its addresses (step 10). */
export const GONE_GRACE_MS = 24 * 60 * 60 * 1_000;

/** Hosts that left for good and that a configuration still names: above so many, the mesh looks for what they left, and forgets them (step 10). */
export const GONE_KEPT_MAX = 64;
/** The mesh forgets hosts at most so often, and waits so long for every voter to tell its keys. */
export const FORGETTING_INTERVAL_MS = 24 * 60 * 60 * 1_000;
export const FORGETTING_MS_MAX = 60_000;

/** How far the time of a signature between hosts may lie from this host's clock, and how long its nonce is remembered. */
export const SIGNATURE_SKEW_SECONDS_MAX = 60;
/** Mutations that wait for one agent, name or address. The next one is answered 503. */
export const LOCK_WAITERS_MAX = 1_000;
/** `Retry-After` of a mutation that met too many others, or voters out of reach. */
export const RETRY_AFTER_SECONDS = 2;
