// What can't be asked of a message in the state that it is in, and why.
import { MeshError } from '../../../mesh/errors.ts';
import { isFinal, type Message } from '../message.ts';

/** Throws `not_cancellable`. */
export function refuseCancelling({ id, state }: Message): void {
  if (!isFinal(state)) return;
  const message = `The email is '${state}'; only what waits can be cancelled.`;
  throw new MeshError('not_cancellable', message, { extra: { email_id: id, state } });
}

/** What a server is being told of can't be taken back. */
export function beingSent(id: string): MeshError {
  const extra = { email_id: id, state: 'sending' };
  return new MeshError('not_cancellable', 'The email is being sent at this moment.', { extra });
}

/** Throws `not_resendable`. */
export function refuseResending({ id, state, attachmentsGone }: Message): void {
  const extra = { email_id: id, state };
  if (!['unknown', 'failed', 'expired'].includes(state)) {
    const message = `The email is '${state}'; only what is unknown, failed or expired can be sent again.`;
    throw new MeshError('not_resendable', message, { extra });
  }
  if (attachmentsGone !== true) return;
  const message = 'The attachments of the email were let go of, so it can not be sent again. Send it anew.';
  throw new MeshError('not_resendable', message, { extra });
}

/** Throws `conflict`. */
export function refuseLettingGo({ id, state }: Message): void {
  if (isFinal(state)) return;
  const message = `The email is '${state}' and needs its attachments. Cancel it by POST /api/email/${id}/cancel, and they go too.`;
  throw new MeshError('conflict', message, { extra: { email_id: id, state } });
}
