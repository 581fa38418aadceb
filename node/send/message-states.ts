// What an outcome makes of a message: the whole of its states and their changes, as functions of the message and of what happened.
// Pure: time comes as an argument, and whoever calls stores the result before acting on it.
// Steps 8 to 10 of node/send/README.md, "How a message lives".
import type { EmailEntry, EmailEvent } from '../changes/change-log.ts';
import type { RecipientAnswer, ShipmentOutcome } from './mailer.ts';
import type { Message, MessageState, Recipient, RecipientState } from './message.ts';
import { isOneTooMany } from './reply-codes.ts';

/** Addresses that are still to be asked. */
export function openRecipients({ recipients }: Message): readonly string[] {
  return recipients.filter(({ state }) => state === 'pending').map(({ address }) => address);
}

/** What an attempt makes of a message; `undefined` when it says nothing of the message, but of the account. */
export function changeAfter(
  outcome: ShipmentOutcome,
  at: Times & { readonly retryMs: number },
): ((message: Message) => Message) | undefined {
  if (outcome.kind === 'answered') return (message) => afterAnswers(message, outcome.answers, at);
  if (outcome.kind === 'unknown') return (message) => unknown(message, at.iso, outcome.reply);
  if (outcome.error === 'interrupted') {
    const reason = 'It waits to be sent: the node stopped before.';
    return (message) => ({ ...message, state: 'queued', updatedAt: at.iso, reason, nextTry: undefined });
  }
  if (outcome.scope === 'account') return undefined;
  return outcome.class === 'permanent'
    ? (message) => refused(message, at.iso, outcome)
    : (message) => deferred(message, at, outcome.reply);
}

/** The server has answered about everybody it was asked for. `retryMs`: when those it deferred are asked again. */
function afterAnswers(
  message: Message,
  answers: readonly RecipientAnswer[],
  at: Times & { readonly retryMs: number },
): Message {
  const byAddress = new Map(answers.map((answer) => [answer.address, answer]));
  const recipients = message.recipients.map((recipient) => {
    const answer = recipient.state === 'pending' ? byAddress.get(recipient.address) : undefined;
    return answer === undefined ? recipient : answered(recipient, answer);
  });
  const anyAccepted = answers.some(({ verdict }) => verdict === 'accepted');
  const asked = { ...message, recipients, ...(anyAccepted && message.sentAt === undefined ? { sentAt: at.iso } : {}) };
  if (!recipients.some(({ state }) => state === 'pending')) return settled(asked, at.iso);
  // A server that takes so many recipients at a time is asked for the rest at once, as long as it takes some each time.
  if (anyAccepted && answers.some(isOneTooMany)) {
    const reason = 'The server takes no more recipients at a time; the others are asked for now.';
    return { ...asked, state: 'queued', dueMs: Date.parse(at.iso), updatedAt: at.iso, reason, nextTry: undefined };
  }
  const last = answers.find(({ verdict }) => verdict === 'deferred');
  return deferred(asked, at, `The server asked to come again: ${last?.reply ?? 'it gave no reason'}`);
}

/** Nothing was taken; it is tried again at `retryMs`, or given up when it does not live that long. */
export function deferred(
  message: Message,
  { iso, retryMs }: Times & { readonly retryMs: number },
  why: string,
): Message {
  if (retryMs >= message.expiresMs) return expired(message, iso, why);
  return {
    ...message,
    state: 'deferred',
    deferrals: message.deferrals + 1,
    dueMs: retryMs,
    updatedAt: iso,
    reason: stop(why),
    nextTry: { isAgain: true, atMs: retryMs },
  };
}

/** The server will not take it, whoever asks. */
export function refused(message: Message, iso: string, outcome: NotSent): Message {
  const { code, enhanced, reply } = outcome;
  const said = { reply, ...(code === undefined ? {} : { code }), ...(enhanced === undefined ? {} : { enhanced }) };
  const ended = endPending(message, 'failed', said);
  return { ...settled(ended, iso), reason: stop(`It was refused (${outcome.error}): ${reply}`) };
}

/** The server did not say, or not in a way to be believed, whether it took what may have left. */
export function unknown(message: Message, iso: string, reply: string): Message {
  const recipients = message.recipients.map((one) =>
    one.state === 'pending' ? { ...one, state: 'unknown' as const } : one,
  );
  const reason = `Whether the server took the message is not known, so it may have been delivered: ${stop(reply)} It is not sent again unless POST …/resend says so.`;
  return { ...message, recipients, state: 'unknown', updatedAt: iso, reason, nextTry: undefined };
}

/** The message, which was not sent within its life. */
export function expired(message: Message, iso: string, why: string): Message {
  const ended = settled(endPending(message, 'expired', {}), iso);
  return { ...ended, reason: stop(`It could not be sent in time. ${why}`) };
}

/** Whoever was sent it keeps that state; the others will not be asked. `iso`: when, UTC. */
export function cancelled(message: Message, iso: string): Message {
  return {
    ...settled(endPending(message, 'cancelled', {}), iso),
    reason: 'It was cancelled before it was sent to everybody.',
  };
}

/** Recipients that nobody here writes to are not asked. */
export function withoutSuppressed(
  message: Message,
  reasonAgainst: (address: string) => string | undefined,
  iso: string,
): Message {
  let isChanged = false;
  const recipients = message.recipients.map((recipient): Recipient => {
    const why = recipient.state === 'pending' ? reasonAgainst(recipient.address) : undefined;
    if (why === undefined) return recipient;
    isChanged = true;
    return { ...recipient, state: 'suppressed', reply: why };
  });
  if (!isChanged) return message;
  const rest = { ...message, recipients };
  return openRecipients(rest).length === 0 ? settled(rest, iso) : rest;
}

/** The message, which may not go out as its sender any more. */
export function disowned(message: Message, iso: string, why: string): Message {
  return { ...settled(endPending(message, 'failed', { reply: why }), iso), reason: why };
}

/** The message, whose content is not on the disk any more; this must not happen, and must not stop the others. */
export function contentMissing(message: Message, iso: string): Message {
  return disowned(message, iso, 'Its content can not be read any more, so it can not be sent. Send it anew.');
}

/** A notification came back for some of the recipients. It can only be about those that a server took; the others are still sent to. */
export function bounced(
  message: Message,
  replies: ReadonlyMap<string, { readonly enhanced: string; readonly reply: string }>,
  iso: string,
): Message {
  const recipients = message.recipients.map((recipient): Recipient => {
    const said = replies.get(recipient.address);
    const wasTaken = recipient.state === 'sent' || recipient.state === 'unknown';
    return said === undefined || !wasTaken ? recipient : { ...recipient, state: 'bounced', ...said };
  });
  const isChanged = recipients.some((recipient, at) => recipient !== message.recipients[at]);
  if (!isChanged) return message;
  const after = { ...message, recipients, updatedAt: iso };
  return openRecipients(after).length === 0 ? settled(after, iso) : after;
}

/** The operator's word that it is sent again, under the same Message-ID, to those who have not surely got it. */
export function requeued(message: Message, at: { readonly iso: string; readonly nowMs: number }): Message {
  const again: readonly RecipientState[] = ['unknown', 'failed', 'expired'];
  const recipients = message.recipients.map(
    (recipient): Recipient =>
      again.includes(recipient.state)
        ? { address: recipient.address, kind: recipient.kind, state: 'pending' }
        : recipient,
  );
  const expiresMs = at.nowMs + message.lifetimeMs;
  return {
    ...message,
    recipients,
    state: 'queued',
    deferrals: 0,
    isBound: message.isBound === true || wasTaken(message),
    dueMs: at.nowMs,
    expiresMs,
    updatedAt: at.iso,
    reason: 'It is sent again, as asked for.',
    nextTry: undefined,
  };
}

/** The message, which is not sent again: nobody needs its attachments. */
export function withoutAttachments(message: Message): Message {
  const reason = `${stop(message.reason)} Its attachments were let go of.`;
  return { ...message, blobs: [], attachmentsGone: true, reason };
}

/** Whether a server took it for somebody, or may have. */
export function wasTaken({ recipients }: Pick<Message, 'recipients'>): boolean {
  return recipients.some(wasTakenFor);
}

/** Whether a server took the message for that recipient, or may have. */
export function wasTakenFor({ state }: Recipient): boolean {
  return state === 'sent' || state === 'unknown' || state === 'bounced';
}

/** The event that tells how a message has changed; `undefined` when there is none to tell. */
export function eventOf(before: Message | undefined, after: Message): EmailEvent | undefined {
  const bounces = (message: Message | undefined) =>
    message?.recipients.filter(({ state }) => state === 'bounced').length ?? 0;
  if (bounces(after) > bounces(before)) return 'email.bounced';
  if (before?.state === after.state) return undefined;
  switch (after.state) {
    case 'sent':
    case 'partial':
      return 'email.sent';
    case 'failed':
    case 'expired':
    case 'suppressed':
      return 'email.failed';
    case 'unknown':
      return 'email.unknown';
    case 'bounced':
      // Those that were still to be asked have been, after others had bounced; or they were cancelled, which nobody need be told.
      if (after.recipients.some(({ state }) => state === 'sent')) return 'email.sent';
      return after.recipients.every(({ state }) => ['bounced', 'cancelled'].includes(state))
        ? undefined
        : 'email.failed';
    default:
      return undefined;
  }
}

/** What the log is told of a change of a message: one event, or none. */
export function draftsOf(before: Message | undefined, after: Message) {
  const event = eventOf(before, after);
  return event === undefined ? [] : [{ event, email: detailOf(after) }];
}

/** A message as its event tells of it. */
export function detailOf(message: Message): EmailEntry['email'] {
  const { id, messageId, from, subject, state, recipients } = message;
  const each = recipients.map(({ address, state: its, code }) => ({
    address,
    state: its,
    ...(code === undefined ? {} : { code }),
  }));
  return { email_id: id, messageId, from, subject, state, recipients: each };
}

/** Whether its content is still needed once it is in that state: only what may be sent again is kept. */
export function keepsContent(state: MessageState): boolean {
  return !['sent', 'partial', 'bounced', 'suppressed', 'cancelled'].includes(state);
}

interface Times {
  readonly iso: string;
}
type NotSent = Extract<ShipmentOutcome, { readonly kind: 'not_sent' }>;

function answered(recipient: Recipient, { verdict, code, enhanced, reply }: RecipientAnswer): Recipient {
  const said = { code, reply, ...(enhanced === undefined ? {} : { enhanced }) };
  const state = verdict === 'accepted' ? 'sent' : verdict === 'refused' ? 'failed' : 'pending';
  return { address: recipient.address, kind: recipient.kind, state, ...said };
}

/** Nobody is left to be asked: the state follows from what became of each. */
function settled(message: Message, iso: string): Message {
  const states = new Set(message.recipients.map(({ state }) => state));
  const state = stateOf(states);
  return { ...message, state, updatedAt: iso, reason: sentence(state, message.recipients), nextTry: undefined };
}

function stateOf(states: ReadonlySet<RecipientState>): MessageState {
  if (states.has('unknown')) return 'unknown';
  if (states.has('bounced')) return 'bounced';
  if (states.has('sent')) return states.size === 1 ? 'sent' : 'partial';
  for (const state of ['failed', 'expired', 'cancelled', 'suppressed'] as const) if (states.has(state)) return state;
  return 'failed';
}

function sentence(state: MessageState, recipients: readonly Recipient[]): string {
  const count = (wanted: RecipientState) => recipients.filter((one) => one.state === wanted).length;
  const reply = recipients.find((one) => one.state === 'failed' || one.state === 'suppressed')?.reply ?? '';
  switch (state) {
    case 'sent':
      return `The server took it for ${recipients.length === 1 ? 'its recipient' : `all ${recipients.length} recipients`}.`;
    case 'partial':
      return stop(`The server took it for ${count('sent')} of ${recipients.length} recipients. ${reply}`);
    case 'bounced':
      return stop(
        `${count('bounced')} of ${recipients.length} recipients bounced: ${recipients.find((one) => one.state === 'bounced')?.reply ?? ''}`,
      );
    case 'unknown':
      return stop(`Whether the server took it for ${count('unknown')} of ${recipients.length} recipients is not known`);
    case 'suppressed':
      return stop(`All its recipients are on the list of those not written to: ${reply}`);
    default:
      return stop(`No recipient got it: ${reply}`);
  }
}

function endPending(message: Message, state: RecipientState, said: Partial<Recipient>): Message {
  const recipients = message.recipients.map((one) => (one.state === 'pending' ? { ...one, ...said, state } : one));
  return { ...message, recipients };
}

function stop(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
