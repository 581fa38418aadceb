// Every bound in one table, its unit last in its name. Bounds of the webhooks stand in node/webhooks/limits.ts.

/** Agents and addresses (specification, "Validation Rules"; http-api). */
export const ADDRESSES_PER_AGENT_MAX = 10;
export const AGENT_NAME_CHARACTERS_MAX = 128;
export const AGENT_LABEL_CHARACTERS_MAX = 256;
export const DISPLAY_NAME_CHARACTERS_MAX = 128;
export const METADATA_KEYS_MAX = 20;
export const METADATA_BYTES_MAX = 2_048;
/** Longest text of an address that is read at all, in UTF-16 units: far above RFC 5321's 254 octets, far below a flood. */
export const ADDRESS_TEXT_CHARACTERS_MAX = 1_024;

/** HTTP: a request body. An agent with ten addresses and full metadata is about 30 KiB. */
export const REQUEST_BODY_BYTES_MAX = 256 * 1_024;
/** A peer's message of 100 keys is about 60 KiB. */
export const PEER_BODY_BYTES_MAX = 512 * 1_024;

/** A federated question: headers and body of one peer's answer (specification: 5 s per host). */
export const ANSWER_MS_MAX = 5_000;
/** One peer's whole index: 100,000 addresses at about 300 octets. */
export const INDEX_ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
export const INDEX_ENTRIES_MAX = 200_000;
/** One peer's answer about one address or one agent: ten addresses with all their metadata, each in two spellings. */
export const LOOKUP_ANSWER_BYTES_MAX = 128 * 1_024;
export const LOOKUP_ENTRIES_MAX = 100;
/** Askers of the same question within this long share one fan-out: an answer is at most this much older than its question. */
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

/** A claim, from the client's request to its answer (claims: total 5 s). */
export const CLAIM_MS_MAX = 5_000;
/** One attempt (prepare and accept) waits this long for a majority before it tries a higher ballot; it adapts between the two. */
export const ATTEMPT_MS_MIN = 400;
export const ATTEMPT_MS_MAX = 1_000;
/** After a refused ballot, a random wait in between, so that two claimants do not meet again. */
export const BACKOFF_MS_MIN = 5;
export const BACKOFF_MS_MAX = 125;
/** A release is answered 202 when the voters have not confirmed it by then; it goes on in the background. */
export const RELEASE_ANSWER_MS_MAX = 2_000;
/** With an engine: all claims of a host that is gone for good, some ten thousand of them. */
export const EVICT_MS_MAX = 60_000;
/** An operator waits this long for an eviction by the voters, which is done in a second or two when they are there. */
export const EVICT_ANSWER_MS_MAX = 20_000;
/** Unfinished aborts and releases are tried again after this long. */
export const SETTLE_RETRY_MS = 1_000;
/** Keys in one message between hosts. */
export const KEYS_PER_MESSAGE_MAX = 100;
/** Messages about claims under way to one peer at once; what comes meanwhile gathers for the next. */
export const CLAIM_MESSAGES_UNDER_WAY_MAX = 2;
/** Items waiting for one peer; above it they are dropped, and asked again by their claims. */
export const CLAIM_ITEMS_QUEUED_MAX = 20_000;
/** Keys of registers in one answer, while a mesh moves: about 60 octets each. */
export const KEYS_PER_PAGE_MAX = 2_000;
/** Addresses taken over at once while a mesh moves: few enough that claims go on beside them. */
export const RECHOOSING_AT_ONCE_MAX = 400;
/** Ballot numbers reserved by one durable write. */
export const BALLOT_BLOCK = 10_000;
/** Claims and releases in hand at once on one node; above it the node answers 503. */
export const CLAIMS_IN_HAND_MAX = 10_000;

/** A legacy peer's answer, before an address is claimed. */
export const LEGACY_ANSWER_MS_MAX = 2_000;
/** After a claim, legacy peers are asked again: one may have looked before it, and written after. */
export const LEGACY_AGAIN_MS = [6_000, 30_000] as const;
/** Addresses waiting to be asked about again; above it, the look into each peer's whole index finds what is double. */
export const LEGACY_AGAIN_MAX = 10_000;

/** hosts.json: above this many hosts, only those marked `"voter": true` vote. */
export const IMPLICIT_VOTERS_MAX = 7;
export const HOSTS_MAX = 1_000;

/** How often each peer is greeted, to know whether it is there and what it thinks the mesh is. */
export const GREETING_INTERVAL_MS = 10_000;
/** The same while the mesh forms or moves. */
export const FORMING_INTERVAL_MS = 500;
export const GREETING_MS_MAX = 2_000;
/** What a host said of itself counts for this long when the mesh is to be moved. */
export const FRESH_GREETING_MS_MAX = 2.5 * GREETING_INTERVAL_MS;
/** The n-th host that could move the mesh waits this long for each before it, so that two seldom try at once. */
export const MOVER_RANK_MS = 1_000;
/** First configurations that a voter remembers. A host whose hosts.json was edited more often while no mesh could form must join by hand. */
export const PAST_CONFIGS_MAX = 16;
/** A proposal of the next configuration, before it is given up and begun again. */
export const CONFIG_PROPOSAL_MS_MAX = 3_000;
/** The addresses of a host that was taken out of the mesh may be claimed by others after this long (claims: 24 h). */
export const GONE_GRACE_MS = 24 * 60 * 60 * 1_000;

/** Signatures between hosts: how far `created` may lie from our clock, and for how long a nonce is remembered (both ways). */
export const SIGNATURE_SKEW_SECONDS_MAX = 60;
/** Mutations that wait for one agent, name or address; the next one is answered 503. */
export const LOCK_WAITERS_MAX = 1_000;
/** `Retry-After` of a mutation that met too many others, or voters out of reach. */
export const RETRY_AFTER_SECONDS = 2;
