// Turns the failures of a connection and a server's answers into the outcome of a shipment, in the queue's terms.

import { printable } from '../header-text.ts';
import type { RecipientAnswer, ShipmentErrorCode, ShipmentOutcome } from '../mailer.ts';
import type { Failed, Taken } from './smtp-connection.ts';
import { connectionFailure, messageFailure, recipientRefusal, type SmtpError } from './smtp-errors.ts';

/** The recipients who are asked. `asked`: the address as the queue names it. `address`: the same as the envelope has it. */
export type Recipients = readonly { readonly asked: string; readonly address: string }[];

/** The outcome when the message as it is can't be sent through this account, though no server has refused it. */
export function notSent(error: ShipmentErrorCode, scope: 'account' | 'message', reply: string, tookMs: number) {
  return { kind: 'not_sent', error, class: 'permanent', scope, reply, tookMs } as const;
}

/**
 * No connection: not opened, not secured, or not logged in. `error`: what the connection failed with. `cause`: why this node cut
 * the attempt itself (its deadline, or a stop), which then says more than `error`; `undefined` when it did not. Always `not_sent`, of
 * the account.
 */
export function connectFailed(error: unknown, cause: SmtpError | undefined, tookMs: number): ShipmentOutcome {
  const failure = connectionFailure((cause ?? error) as SmtpError, tookMs);
  const { code } = (cause ?? error) as SmtpError;
  if (code === 'EINTERRUPTED') return { ...failure, error: 'interrupted', class: 'transient' };
  if (code === 'ETOKEN') return { ...failure, error: 'token_failed', class: 'transient' };
  if (cause !== undefined) return { ...failure, error: 'server_timeout', class: 'transient' };
  return failure;
}

/**
 * The dialogue about a message failed. `failed.isUnknown`: the final dot may have left without an answer to it (`unknown`). Otherwise a
 * refusal of all recipients, or of the message, is the server's answer about everybody (`answered`); everything else is `not_sent`.
 * `cause`: why this node cut the attempt itself, as for `connectFailed`.
 */
export function sendFailed(
  failed: Failed,
  to: Recipients,
  cause: SmtpError | undefined,
  tookMs: number,
): ShipmentOutcome {
  const { isUnknown } = failed;
  const error = failed.error.responseCode === undefined ? (cause ?? failed.error) : failed.error;
  if (isUnknown) return { kind: 'unknown', reply: printable(error.message), tookMs };
  // 421 is about the connection (RFC 5321 §3.8), whichever command it answers.
  const isClosing = error.responseCode === 421;
  if (
    !isClosing &&
    error.command === 'RCPT TO' &&
    error.rejectedErrors !== undefined &&
    error.rejectedErrors.length > 0
  )
    return { kind: 'answered', answers: refusals(to, error.rejectedErrors), tookMs };
  if (error.code === 'ECOMPOSE')
    return {
      kind: 'not_sent',
      error: 'attachment_missing',
      class: 'permanent',
      scope: 'message',
      reply: printable(error.message),
      tookMs,
    };
  if (error.code === 'EINTERRUPTED')
    return {
      kind: 'not_sent',
      error: 'interrupted',
      class: 'transient',
      scope: 'account',
      reply: error.message,
      tookMs,
    };
  const failure = messageFailure(error, tookMs);
  // The server refused the message as a whole, which is its answer about every recipient.
  if (failure.code === undefined || failure.error !== 'message_refused') return failure;
  const { code, reply, enhanced } = failure;
  const verdict = failure.class === 'permanent' ? 'refused' : 'deferred';
  const each = { verdict, code, reply, ...(enhanced === undefined ? {} : { enhanced }) } as const;
  return { kind: 'answered', answers: to.map(({ asked }) => ({ address: asked, ...each })), tookMs };
}

/** The outcome of a message that was taken. Each recipient must be in the answer once; an answer that loses one is not believed. */
export function answered(to: Recipients, { accepted, rejected, response }: Taken, tookMs: number): ShipmentOutcome {
  const code = Number(response.slice(0, 3)) || 250;
  const reply = printable(response);
  const answers: RecipientAnswer[] = refusals(to, rejected).slice();
  for (const address of accepted) {
    const asked = to.find((one) => one.address === address)?.asked;
    if (asked !== undefined) answers.push({ address: asked, verdict: 'accepted', code, reply });
  }
  if (new Set(answers.map(({ address }) => address)).size === to.length && answers.length === to.length)
    return { kind: 'answered', answers, tookMs };
  return { kind: 'unknown', reply: `The server answered about ${answers.length} of ${to.length} recipients.`, tookMs };
}

function refusals(to: Recipients, errors: readonly SmtpError[]): RecipientAnswer[] {
  return errors.flatMap((error) => {
    const asked = to.find(({ address }) => address === error.recipient)?.asked;
    return asked === undefined ? [] : [recipientRefusal(asked, error)];
  });
}
