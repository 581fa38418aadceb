// The change log: this node's one record of every change that it made or heard of. An entry is committed in the same durable write as the
// state that it tells of, and every reader goes through the log with a cursor of its own. The words and the promises stand in README.md.
import type { FeedEntry, IndexRows } from '../../mesh/feed/feed-entry.ts';
import type { LogId, Place } from '../../mesh/feed/place.ts';
import type { AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';

/** The specification's events ("Supported Events"). */
export const AGENT_EVENTS = ['agent.email.changed', 'agent.created', 'agent.updated', 'agent.deleted'] as const;
export type AgentEvent = (typeof AGENT_EVENTS)[number];

/** What became of mail that an agent sent (node/send/README.md). */
export const EMAIL_EVENTS = ['email.sent', 'email.failed', 'email.bounced', 'email.unknown'] as const;
export type EmailEvent = (typeof EMAIL_EVENTS)[number];

/** What happened to mail in an inbox, or to a domain of inboxes (node/mailbox/README.md), by AgentMail's names. */
export const MAILBOX_EVENTS = [
  'message.received',
  'message.received.spam',
  'message.received.blocked',
  'message.received.unauthenticated',
  'message.sent',
  'message.delivered',
  'message.bounced',
  'message.complained',
  'message.rejected',
  'message.opened',
  'domain.verified',
] as const;
export type MailboxEvent = (typeof MAILBOX_EVENTS)[number];

export const CHANGE_EVENTS = [...AGENT_EVENTS, ...EMAIL_EVENTS, ...MAILBOX_EVENTS] as const;
export type ChangeEvent = (typeof CHANGE_EVENTS)[number];

/** The members are those of the specification's webhook payload, plus `id`, `type` and `sequence`. */
interface Entry {
  /** Position in this node's log: 1, 2, 3, … without a gap. */
  readonly seq: number;
  /** Unique in the mesh: the receiver's key for dropping repeats (`webhook-id`). */
  readonly id: string;
  /** ISO 8601, UTC: when the change was decided on. */
  readonly timestamp: string;
  readonly agent: { readonly id: AgentId; readonly name: string; readonly hostId: HostId };
  /** Position among this agent's events: 1, 2, 3, … without a gap. */
  readonly sequence: number;
}

export interface AgentChanges {
  readonly added: readonly EmailAddress[];
  readonly removed: readonly EmailAddress[];
  /** Addresses that stay, whose displayName, primary or metadata changed. */
  readonly modified: readonly EmailAddress[];
  /** All addresses of the agent that the index shows after the change. */
  readonly current: readonly EmailAddress[];
  /** Names of the agent's fields that changed; only in `agent.updated`. */
  readonly fields?: readonly string[];
}

/** One message at the moment of the event; names as in the answer to a send. */
interface EmailEventDetail {
  readonly email_id: string;
  readonly messageId: string;
  readonly from: string;
  readonly subject: string;
  readonly state: string;
  readonly recipients: readonly { readonly address: string; readonly state: string; readonly code?: number }[];
}

/** What this host's registry did. */
export interface AgentEntry extends Entry {
  readonly event: AgentEvent;
  readonly changes: AgentChanges;
  /** On the first entry of a mutation: what the mutation changes in the index. */
  readonly rows?: IndexRows;
  /** Where the entry stands. Absent, as `chain` and `digest`, only in entries that were written before logs had places. */
  readonly place?: Place;
  /** The chain up to this entry, and the digest of the index after it; base64url. */
  readonly chain?: string;
  readonly digest?: string;
}

/** An own entry that has its place. */
export type OwnEntry = AgentEntry & Required<Pick<AgentEntry, 'place' | 'chain' | 'digest'>>;

export interface EmailEntry extends Entry {
  readonly event: EmailEvent;
  readonly email: EmailEventDetail;
}

/** Which mail an event is about, and where the event is kept whole: nothing of what the mail says. */
interface MessageReference {
  readonly inbox_id: string;
  readonly message_id: string;
  readonly thread_id: string;
  readonly event_id: string;
  /** The pod that the inbox is in: for subscriptions, and told to nobody. Absent in entries from before there were pods. */
  readonly pod_id?: string;
}

export interface MailboxEntry extends Entry {
  readonly event: Exclude<MailboxEvent, 'domain.verified'>;
  readonly message: MessageReference;
}

/** Which domain an event is about. The entry's agent is the organization: no agent of this host has a domain. */
interface DomainReference {
  readonly domain_id: string;
  readonly event_id: string;
  /** The pod that has brought it, as in `MessageReference`; absent: the organization has. */
  readonly pod_id?: string;
}

export interface DomainEntry extends Entry {
  readonly event: 'domain.verified';
  readonly domain: DomainReference;
}

/** Where an entry that was heard has its place. */
export interface Origin extends Place {
  readonly hostId: HostId;
}

/** What another host's registry did, as that host's feed told it. */
export interface HeardEntry extends Entry {
  /** The event by its name, which this program may not know. */
  readonly event: string;
  readonly changes: AgentChanges;
  readonly rows?: IndexRows;
  readonly origin: Origin;
  /** The origin's chain up to this entry, base64url. */
  readonly chain?: string;
  /** The entry as its host told it, where that has members that are not known here: the chain covers them, so they are passed on. */
  readonly told?: FeedEntry;
  /** Not an entry of the origin's log: the difference between a snapshot and what was known before. */
  readonly resync?: true;
  /** ISO 8601, UTC, by this host's clock. */
  readonly heardAt: string;
}

/** An own entry as other hosts are told it, and as the chain covers it: in the order of canonical JSON, as all that it is made of. */
export function feedEntryOf(entry: Omit<FeedEntry, 'n'> & { readonly place: Place }): FeedEntry {
  const { id, event, timestamp, agent, sequence, changes, rows, place } = entry;
  return { agent, changes, event, id, n: place.n, ...(rows === undefined ? {} : { rows }), sequence, timestamp };
}

/** One event, with its place in this node's log. */
export type ChangeEntry = AgentEntry | EmailEntry | MailboxEntry | DomainEntry | HeardEntry;

/** Whether another host told of it: such an entry has an `origin`. */
export function isHeard(entry: ChangeEntry): entry is HeardEntry {
  return 'origin' in entry;
}

/** Whether the entry has a place in this host's own log. Entries of mail have none, nor have those from before logs had places. */
export function isOwn(entry: ChangeEntry): entry is OwnEntry {
  return 'place' in entry;
}

/** When an entry came into this log, in milliseconds since 1970 by this host's wall clock. */
export function cameMs(entry: ChangeEntry): number {
  return Date.parse(isHeard(entry) ? entry.heardAt : entry.timestamp);
}

/** What a reader of the log needs. */
export interface ChangeLog {
  /** `seq` of the newest durable entry; 0 when there is none. */
  readonly head: number;
  /** Entries with `seq > after` that are kept, oldest first, at most `limit`. Only durable ones. */
  read(after: number, limit: number): Promise<readonly ChangeEntry[]>;
  /**
   * Calls `listener` after each commit of the log, also after one that told of nothing: then `head` is where it was. Returns how to stop
   * that.
   */
  subscribe(listener: () => void): () => void;
}

/** Where the own entries end: what a head statement says of it. */
export interface OwnHead extends Place {
  readonly chain: string;
  readonly digest: string;
}

/** What a feed needs of the log: the own entries by their places, and a way to write down what was heard. */
export interface FeedLog extends ChangeLog {
  readonly logId: LogId;
  /** The head of the log, of the newest durable own entry; `n` is 0 when there is none. */
  readonly ownHead: OwnHead;
  /** Own entries with `n > after`, in order, at most `limit`, only durable ones; `undefined` when some of them are kept no more. */
  own(after: number, limit: number): Promise<readonly OwnEntry[] | undefined>;
  /** Makes the log id durable before there is an own entry. */
  saveEnd(): Promise<void>;
  /**
   * Begins another log, under a new id and with nothing in it: the data of this one was copied or set back, and others know it otherwise.
   * Resolves when that is durable.
   */
  renew(): Promise<void>;
  /** Appends what was heard, with the follower's own `writes` in the same commit. As `append` of the log otherwise. */
  hear(entries: readonly NewHeardEntry[], writes: readonly Write[], apply: () => void): Promise<void>;
}

/** An entry that was heard and has no position in this log yet. */
export type NewHeardEntry = Omit<HeardEntry, 'seq' | 'heardAt'>;

/** A reader of the log with a cursor of its own, as the trimming sees it: no entry goes that the reader still needs, within bounds. */
export interface CursorReader {
  /** The lowest position whose entry is still needed; infinite when none is. */
  readonly oldestSeq: number;
  /** The entries up to `seq` are about to go. Resolves when nothing waits for one of them any more, durably. */
  giveUp(seq: number): Promise<void>;
}
