// Bounds of speaking with peers. Those of single messages stand with their callers, in mesh/limits.ts.

/** Connecting to a peer. undici's timer is coarse, about half a second; the answer's own deadline is exact. */
export const PEER_CONNECT_MS_MAX = 2_000;
/** Header fields of a peer's answer, all together. */
export const PEER_HEADERS_BYTES_MAX = 16 * 1_024;
/** Connections to one peer, for each kind of question; a further question waits for a connection, within its deadline. */
export const PEER_CONNECTIONS_MAX = 64;
/** Connections to all peers together, for each kind of question: shared out equally, but for the few that each peer has in any case. */
export const PEER_CONNECTIONS_ALL_MAX = 4_096;
export const PEER_CONNECTIONS_MIN = 2;
export const INDEX_CONNECTIONS_MAX = 2;
/** Octets of peers' whole indexes that are held at once, before they are read. */
export const INDEX_BYTES_HELD_MAX = 256 * 1_024 * 1_024;
/** An idle connection is closed after this long: sooner than servers close theirs (Node: 5 s), so that no connection dies under a question. */
export const PEER_IDLE_MS_MAX = 4_000;
/** A connection for greetings idles this long where the server promises to keep it: longer than from one greeting to the next (16 s at most). */
export const GREETING_IDLE_MS_MAX = 25_000;
/** A greeting that has no answer over a kept connection after this long is sent over a new one too: half of the time that its answer has. */
export const KEPT_ANSWER_MS_MAX = 1_000;
/** Questions of one kind that wait for a connection to one peer; a further question is refused at once. */
export const ASKS_WAITING_MAX = 1_024;

/** The first questions to peers are spread over so much for each peer that this host asks, or over so much for each host of the mesh. */
export const FIRST_QUESTION_GAP_MS = 10;
export const FIRST_QUESTION_CROWD_MS = 2;
/** In a large mesh: how often it is looked whom this host keeps in touch with, and who of the others is not known yet. */
export const ACQUAINTANCE_ROUND_MS = 10_000;
/** Between two such looks while this host keeps in touch with everybody. */
export const NOBODY_LEFT_ROUND_MS = 60_000;
/** Between two peers that are asked who they are there. */
export const ACQUAINTANCE_GAP_MS = 100;

/** The answer to a hello is about 300 octets. */
export const HELLO_ANSWER_BYTES_MAX = 16 * 1_024;
/** A peer whose key is not known is asked again who it is this long after it was silent, … */
export const HELLO_AFTER_SILENCE_MS = 250;
/** … and this long after it answered what can't be trusted. */
export const HELLO_AFTER_REFUSAL_MS = 5_000;
/** A peer whose signatures stopped fitting is asked who it is at most this often, to see whether its key changed. */
export const HELLO_AFTER_SUSPICION_MS = 10_000;

/** A channel is not open after this long: the question that asked for it goes over HTTP anyway. */
export const CHANNEL_OPEN_MS_MAX = 5_000;
/** A peer to which no channel could be opened is offered one again after this long, then after twice as long each time, … */
export const CHANNEL_AGAIN_MS_MIN = 1_000;
/** … up to this: an earlier version refuses each, and so does a proxy that knows none. So long after a bad frame, too. */
export const CHANNEL_AGAIN_MS_MAX = 60_000;
/** A channel that carried nothing for this long is closed. Greetings come every 8 to 16 s, or every minute in a large mesh. */
export const CHANNEL_IDLE_MS_MAX = 150_000;
/** The other side of a channel is looked for by the system when nothing was heard for this long. */
export const CHANNEL_KEPT_ALIVE_MS = 20_000;
/** What was written must be taken within this long. */
export const CHANNEL_TAKE_MS_MAX = 20_000;
/** A claim or a greeting that has waited this long, and all the while nothing came: the connection is dead. */
export const CHANNEL_DEAD_MS_MIN = 400;
/** Channels that hosts are opening here, all together. */
export const CHANNELS_OPENING_MAX = 64;
/** When the node stops, what was asked over a channel has this long to be answered. */
export const CHANNEL_END_MS_MAX = 3_000;

/** How often it is looked whether something that is kept of hosts that left may go. */
export const FORGETTING_HOSTS_INTERVAL_MS = 10 * 60 * 1_000;
