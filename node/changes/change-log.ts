// The change log: this node's append-only record of every mutation. An entry is committed in the same durable write as the state that it
// tells of. The webhooks read the log with a cursor for each subscription (node/webhooks/README.md); nothing else reads it yet.
import type { AgentId, EmailAddress, HostId } from '../../mesh/names.ts';

/** The specification's events ("Supported Events"). */
export const AGENT_EVENTS = ['agent.email.changed', 'agent.created', 'agent.updated', 'agent.deleted'] as const;
export type AgentEvent = (typeof AGENT_EVENTS)[number];

/** What became of mail that an agent sent (node/send/README.md). */
export const EMAIL_EVENTS = ['email.sent', 'email.failed', 'email.bounced', 'email.unknown'] as const;
export type EmailEvent = (typeof EMAIL_EVENTS)[number];

export const CHANGE_EVENTS = [...AGENT_EVENTS, ...EMAIL_EVENTS] as const;
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

export interface AgentEntry extends Entry {
  readonly event: AgentEvent;
  readonly changes: AgentChanges;
}

export interface EmailEntry extends Entry {
  readonly event: EmailEvent;
  readonly email: EmailEventDetail;
}

/** One event, with its place in the log. */
export type ChangeEntry = AgentEntry | EmailEntry;

/** What a reader of the log needs. */
export interface ChangeLog {
  /** `seq` of the newest durable entry; 0 when there is none. */
  readonly head: number;
  /** Entries with `seq > after`, oldest first, at most `limit`. Only durable ones. */
  read(after: number, limit: number): Promise<readonly ChangeEntry[]>;
  /**
   * Calls `listener` after each commit of the log, also after one that told of nothing: then `head` is where it was. Returns how to stop
   * that.
   */
  subscribe(listener: () => void): () => void;
}
