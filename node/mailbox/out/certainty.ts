// What the intake is asked until it answers. A client that hears a 5xx sends again by itself, so that it may hear one only of a mail that was
// not written down, or that has a key by which a repeat is the same mail.
import type { Clock } from '../../../mesh/ports.ts';
import type { Log } from '../../log.ts';
import { MailboxError, mailboxErrorOf } from '../errors.ts';

/** Milliseconds for which it is asked again; with one more answer, clients still wait by then. */
const ASKED_MS_MAX = 20_000;
/** Milliseconds between two times. */
const ASK_AGAIN_MS = 250;

export interface CertaintyParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the node stops: nobody will answer then. */
  readonly stopping: AbortSignal;
}

/** The mail that it is about. */
export interface MailInDoubt {
  readonly messageId: string;
  /** A repeat of the request is the same mail. */
  readonly isRepeatable: boolean;
}

/** `work`: a question that may be asked again. Throws `conflict` where nobody can say what becomes of the mail. */
export async function certainly<Result>(
  work: () => Promise<Result>,
  { messageId, isRepeatable }: MailInDoubt,
  { clock, log, stopping }: CertaintyParts,
): Promise<Result> {
  const untilMs = clock.monotonicMs() + ASKED_MS_MAX;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { message, stack } = error as Error;
      const expected = mailboxErrorOf(error);
      const isOver = stopping.aborted || clock.monotonicMs() >= untilMs;
      if (!isOver && expected?.code === 'service_unavailable') {
        await clock.sleep(ASK_AGAIN_MS, stopping);
        continue;
      }
      if (isRepeatable) throw error;
      log.error('mailbox.send_in_doubt', { messageId, message, stack: expected === undefined ? stack : undefined });
      throw inDoubt(messageId);
    }
  }
}

function inDoubt(messageId: string): MailboxError {
  const message = `The mailbox does not say now whether the mail ${messageId} was written down; if it was, it goes out.`;
  const fix = 'Look for it in the inbox before you send it again. With an Idempotency-Key a repeat is the same mail.';
  return new MailboxError('conflict', message, { fix });
}
