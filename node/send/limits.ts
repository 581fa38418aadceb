// Every bound of the send module in one table, its unit last in its name.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MIB = 1_024 * 1_024;

/** One message: To, Cc and Bcc together. RFC 5321 §4.5.3.1.8 has servers take 100. */
export const RECIPIENTS_MAX = 100;
/** A line has at most 998 octets (RFC 5322 §2.1.1), of which folding takes one: text without white space is not divided. */
export const HEADER_VALUE_CHARACTERS_MAX = 997;
export const MAILBOX_NAME_CHARACTERS_MAX = 128;
/** Text and HTML, each. */
export const BODY_BYTES_MAX = 2 * MIB;
/** A message's payload, as JSON. */
export const PAYLOAD_BYTES_MAX = MIB;
/** Headers that a request sets itself, message ids of `references`, attachments: of one message. */
export const HEADERS_MAX = 30;
export const REFERENCES_MAX = 50;
export const ATTACHMENTS_MAX = 20;
export const FILENAME_CHARACTERS_MAX = 255;
/** Octets before base64: of one attachment, of all attachments of one message, of all blobs on this host. */
export const ATTACHMENT_BYTES_MAX = 25 * MIB;
export const MESSAGE_ATTACHMENTS_BYTES_MAX = 50 * MIB;
export const BLOBS_BYTES_MAX = 4_096 * MIB;
/** Blobs on this host. Of blobs that no mail names: how many, and how many octets, in all and of one client. */
export const BLOBS_MAX = 50_000;
export const BLOBS_UNUSED_MAX = 2_000;
export const BLOBS_UNUSED_CLIENT_MAX = 1_000;
export const BLOBS_UNUSED_BYTES_MAX = 2_048 * MIB;
export const BLOBS_UNUSED_CLIENT_BYTES_MAX = 1_024 * MIB;
export const IDEMPOTENCY_KEY_CHARACTERS_MAX = 256;
/** `sendAt` lies at most this far ahead. */
export const SEND_AHEAD_MS_MAX = 30 * 24 * HOUR_MS;

/** One attempt: connection, greeting, silence in between, everything. */
export const CONNECT_MS_MAX = 10 * SECOND_MS;
export const GREETING_MS_MAX = 10 * SECOND_MS;
export const SILENCE_MS_MAX = 20 * SECOND_MS;
export const SHIPMENT_MS_MAX = 28 * SECOND_MS;
/** A server that does not hang up when told goodbye is hung up on. */
export const CLOSE_MS_MAX = SECOND_MS;

/** A server that offers PIPELINING and seems not to keep it is spoken to in steps for so long. */
export const IN_STEPS_MS = HOUR_MS;
/** One reply of a server, with all its lines. */
export const REPLY_BYTES_MAX = 64 * 1_024;

/** Retry of what is transient: doubling, ±20 %, and how long a message lives unless somebody says otherwise. */
export const RETRY_FIRST_MS = 30 * SECOND_MS;
export const RETRY_MS_MAX = HOUR_MS;
export const RETRY_JITTER = 0.2;
export const LIFETIME_MS = 24 * HOUR_MS;
export const LIFETIME_MS_MIN = MINUTE_MS;
export const LIFETIME_MS_MAX = 7 * 24 * HOUR_MS;

/** Defaults of an account, and what the accounts file may ask for at most. */
export const RATE_PER_HOUR = 100;
export const CONNECTIONS_PER_ACCOUNT = 5;
export const CONNECTIONS_PER_ACCOUNT_MAX = 50;
/** `wait=true` is answered with what is known by then. */
export const WAIT_MS_MAX = 29 * SECOND_MS;
/** Messages that wait to be sent; the next one is answered 503. */
export const QUEUE_MESSAGES_MAX = 100_000;
/** Contents of messages that are due later than this are not kept: they would keep out those that go now. */
export const CONTENT_AHEAD_MS_MAX = MINUTE_MS;
/** Contents kept in memory between acceptance and sending; others are read from the disk again. */
export const CONTENT_CACHE_BYTES_MAX = 16 * MIB;
/** Messages, or suppressed addresses, in one page of a list. */
export const LOG_PAGE_MAX = 200;
/** A delivery status notification as it was received, with the message it returns. */
export const BOUNCE_BYTES_MAX = 2 * MIB;
/** Reading one, on a thread beside the node, and how many wait for their turn. Those of servers take milliseconds. */
export const BOUNCE_READ_MS_MAX = 5 * SECOND_MS;
export const BOUNCE_HEAP_MIB_MAX = 64;
export const BOUNCES_WAITING_MAX = 32;
/** Servers give up after a week at most (RFC 5321 §4.5.4.1: four to five days). */
export const BOUNCE_AGE_MS_MAX = 14 * 24 * HOUR_MS;
/** Messages kept after their end, and for how long after it. A message is forgotten together with its content. */
export const FINISHED_MESSAGES_MAX = 50_000;
export const FINISHED_MS_MAX = 30 * 24 * HOUR_MS;
/** An idempotency key is known for so long after the end of its message. */
export const IDEMPOTENCY_MS = 24 * HOUR_MS;
/** What an address sent by its warm-up plan is kept so many days after it last counted, where no agent of this host has the address. */
export const WARM_UP_DAYS_KEPT = 30;
/** So many of them go at once. */
export const WARM_UPS_AT_ONCE_MAX = 1_000;
/** Addresses on the list, and how long a bounce keeps one there. */
export const SUPPRESSIONS_MAX = 100_000;
export const BOUNCE_SUPPRESSION_MS = 90 * 24 * HOUR_MS;
/** A message that failed keeps its attachments for so long, in case it is sent again. */
export const FAILED_ATTACHMENTS_MS = 24 * HOUR_MS;
/** An uploaded blob waits this long for its message. */
export const BLOB_UNUSED_MS_MAX = 24 * HOUR_MS;
/** Everything of a send but its attachments. */
export const SEND_BODY_BYTES_MAX = 4 * MIB;
/** Breaker of an account: failures in a row that open it, and how long it stays open, doubling. */
export const BREAKER_FAILURES = 5;
export const BREAKER_OPEN_MS = 30 * SECOND_MS;
export const BREAKER_OPEN_MS_MAX = 10 * MINUTE_MS;
/** `ratePerHour` and `agentRatePerHour` count the messages of so long. */
export const RATE_WINDOW_MS = HOUR_MS;
/** While messages on their way take up all that a rate leaves, the next one is looked at again after this long. */
export const RESERVED_WAIT_MS = SECOND_MS;
/** After a stop began, shipments in hand have this long. */
export const STOP_MS_MAX = 4 * SECOND_MS;
/** A connection that is idle for so long, or has carried so many messages, is closed. */
export const IDLE_CONNECTION_MS_MAX = 10 * SECOND_MS;
export const MESSAGES_PER_CONNECTION_MAX = 100;
