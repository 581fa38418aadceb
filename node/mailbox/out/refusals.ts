// Why a mail was not written down, as its sender is told.
import { MailboxError, noSuch } from '../errors.ts';
import { listPath } from '../http/list-path.ts';
import type { KeptOut } from '../list-decision.ts';
import type { BegunOutgoing } from '../outgoing-mail.ts';

/** `sender`: the inbox that sends. */
export function refusalOf(begun: BegunOutgoing, sender: string, nowMs: number): MailboxError {
  switch (begun.outcome) {
    case 'full':
      return begun.inboxId === sender ? ownFull(sender) : otherFull(begun.inboxId);
    case 'overrun': {
      const message = `The inbox '${begun.inboxId}' has had its mail for today; nobody got this one.`;
      return new MailboxError('rate_limit_exceeded', message, { retryAfterSeconds: secondsOf(begun.waitMs) });
    }
    case 'braked': {
      const message =
        'This thread goes back and forth too fast: ten answers to the same correspondent within ten minutes, each within a minute.';
      const retryAfterSeconds = secondsOf(begun.untilMs - nowMs);
      return new MailboxError('rate_limit_exceeded', message, { retryAfterSeconds });
    }
    case 'kept-in':
      return keptIn(begun.address, begun.by);
    case 'undrafted':
      return new MailboxError('conflict', 'The draft is not being sent any more; look at it, and send it again.');
    default:
      return noSuch('inbox');
  }
}

function ownFull(inboxId: string): MailboxError {
  const message = `The inbox '${inboxId}' is full, so that no mail that it sends can be kept.`;
  const fix = `Delete mail, or raise quota_bytes by PUT /api/mailbox/inboxes/${encodeURIComponent(inboxId)}/settings.`;
  return new MailboxError('limit_exceeded', message, { fix });
}

function otherFull(inboxId: string): MailboxError {
  const message = `The inbox '${inboxId}' is full; nobody got the mail.`;
  return new MailboxError('message_rejected', message, { fix: 'Send it again when that inbox has room.' });
}

function keptIn(address: string, by: KeptOut): MailboxError {
  const path = (listType: 'allow' | 'block') => listPath({ scope: by.scope, direction: 'send', listType });
  if (by.why === 'not-allowed') {
    const message = `The send list of this ${by.scope.kind} names whom mail may go to, and '${address}' is not among them; nobody got the mail.`;
    return new MailboxError('message_rejected', message, {
      fix: `POST ${path('allow')} with {"entry": "${address}"}.`,
    });
  }
  const message = `The entry '${by.entry}' of the send block list of this ${by.scope.kind} keeps mail from '${address}'; nobody got it.`;
  const fix = by.isReadOnly
    ? `Mail to that address came back for good, or it complained: leave it out. An operator can allow it again: DELETE ${path('block').replace('/v0', '/api/mailbox')}/${encodeURIComponent(by.entry)}.`
    : `DELETE ${path('block')}/${encodeURIComponent(by.entry)}, or leave that address out.`;
  return new MailboxError('message_rejected', message, { fix });
}

function secondsOf(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1_000));
}
