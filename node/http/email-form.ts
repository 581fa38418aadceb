// A message as the routes show it (node/send/README.md lists them). One form for every route and tool, so that
// whoever polls the status sees what the send answered.
import { isFinal, type Message, type Recipient, reasonOf, statusOf } from '../send/message.ts';

/** The answer to `POST /api/email/send`. */
export function emailForm(message: Message): Readonly<Record<string, unknown>> {
  return {
    email_id: message.id,
    status: statusOf(message.state),
    message: reasonOf(message),
    timestamp: message.updatedAt,
    recipient: firstRecipient(message),
    subject: message.subject,
    state: message.state,
    messageId: message.messageId,
    from: message.from,
    recipients: message.recipients.map(recipientForm),
  };
}

/** The answer to `GET /api/email/status/:id`: the same, with when and how often it was tried. */
export function statusForm(message: Message): Readonly<Record<string, unknown>> {
  return {
    ...emailForm(message),
    found: true,
    sent_at: message.sentAt ?? null,
    last_updated: message.updatedAt,
    delivery_attempts: message.attempts,
    created_at: message.createdAt,
    expires_at: new Date(message.expiresMs).toISOString(),
    next_attempt_at:
      isFinal(message.state) || message.state === 'sending' ? null : new Date(message.dueMs).toISOString(),
    account: message.account ?? null,
    agentId: message.agentId,
  };
}

function firstRecipient({ recipients }: Message): string {
  return (recipients.find(({ kind }) => kind === 'to') ?? recipients[0])?.address ?? '';
}

function recipientForm({ address, kind, state, code, enhanced, reply }: Recipient): Readonly<Record<string, unknown>> {
  return {
    address,
    kind,
    state,
    ...(code === undefined ? {} : { code }),
    ...(enhanced === undefined ? {} : { enhanced }),
    ...(reply === undefined ? {} : { reply }),
  };
}
