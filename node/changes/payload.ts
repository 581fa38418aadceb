// The bytes a subscriber receives: the specification's webhook payload with `id`, `type` and `sequence` beside it. A function
// of the log's entry and of nothing else, member by member in a written order, so that every attempt, every restart and every
// reader of the log says the same bytes, and a signature over them stays right.
import type { AgentChanges, DomainEntry, EmailEntry, MailboxEntry } from './change-log.ts';

interface ToldBase {
  readonly id: string;
  readonly timestamp: string;
  readonly agent: { readonly id: string; readonly name: string; readonly hostId: string };
  readonly sequence: number;
}

/** What a receiver is told: an entry without its place in the log, or a test, which has no such place. */
export type Told =
  | (ToldBase & { readonly event: string; readonly changes: AgentChanges })
  | (ToldBase & Pick<EmailEntry, 'event' | 'email'>)
  | (ToldBase & Pick<MailboxEntry, 'event' | 'message'>)
  | (ToldBase & Pick<DomainEntry, 'event' | 'domain'>);

const encoder = new TextEncoder();

/**
 * UTF-8 JSON of specification "Webhook Payload", plus `id` (= `webhook-id`), `type` (= `event`) and `sequence`. Events of mail
 * have `email` in the place of `changes`, those of inboxes `message`, that of a domain `domain`.
 */
export function payloadOf(told: Told): Uint8Array {
  return encoder.encode(
    JSON.stringify({
      event: told.event,
      timestamp: told.timestamp,
      agent: { id: told.agent.id, name: told.agent.name, hostId: told.agent.hostId },
      ...contentOf(told),
      id: told.id,
      type: told.event,
      sequence: told.sequence,
    }),
  );
}

function contentOf(told: Told) {
  if ('email' in told) return { email: emailOf(told.email) };
  if ('domain' in told) return { domain: { domain_id: told.domain.domain_id, event_id: told.domain.event_id } };
  return 'message' in told ? { message: messageOf(told.message) } : { changes: changesOf(told.changes) };
}

function messageOf({ inbox_id, message_id, thread_id, event_id }: MailboxEntry['message']) {
  return { inbox_id, message_id, thread_id, event_id };
}

function changesOf({ added, removed, modified, current, fields }: AgentChanges) {
  return { added, removed, modified, current, ...(fields === undefined ? {} : { fields }) };
}

function emailOf({ email_id, messageId, from, subject, state, recipients }: EmailEntry['email']) {
  const each = recipients.map(({ address, state: its, code }) => ({
    address,
    state: its,
    ...(code === undefined ? {} : { code }),
  }));
  return { email_id, messageId, from, subject, state, recipients: each };
}
