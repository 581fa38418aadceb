// What a bounce brings about. A bounce shows one thing: its writer knows the Message-ID, as every recipient of that message does, and
// every server on the way. So a bounce changes only recipients that a server took the message for, and only of a message of the last
// 14 days. One recipient could write a bounce about another; so an address is suppressed only when its message had no other recipient.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { type BouncedRecipient, type BounceReport, exactly, isHard } from './bounces/bounce-report.ts';
import type { Suppressions } from './bounces/suppressions.ts';
import { printable } from './header-text.ts';
import type { Message, Recipient } from './message.ts';
import { wasTakenFor } from './message-states.ts';
import type { Queue } from './queue/queue.ts';
import { mailboxKey } from './request/mailboxes.ts';

/** Servers give up after a week at most (RFC 5321 §4.5.4.1: four to five days). */
export const BOUNCE_AGE_MS_MAX = 14 * 24 * 60 * 60 * 1_000;

export interface ReturnedMailParts {
  readonly queue: Pick<Queue, 'get' | 'bounced'>;
  readonly suppressions: Suppressions;
  readonly clock: Clock;
  readonly log: Log;
}

export class ReturnedMail {
  readonly #parts: ReturnedMailParts;

  constructor(parts: ReturnedMailParts) {
    this.#parts = parts;
  }

  /** Marks those who bounced, and suppresses where it may. Throws `not_found` when it is about nobody that it may speak of. */
  async receive(report: BounceReport): Promise<{ readonly message: Message; readonly suppressed: readonly string[] }> {
    const message = this.#messageOf(report);
    const known = message === undefined ? [] : reported(message, report.recipients);
    if (message === undefined || known.length === 0)
      throw new MeshError(
        'not_found',
        'The notification is about no message of this host, or about none of its recipients. Nothing was changed.',
      );
    const ageMs = this.#parts.clock.wallMs() - Date.parse(message.sentAt ?? message.updatedAt);
    if (ageMs > BOUNCE_AGE_MS_MAX)
      throw new MeshError(
        'not_found',
        `The message was sent more than ${BOUNCE_AGE_MS_MAX / 86_400_000} days ago, and no server keeps one for so long. Nothing was changed.`,
      );
    const failed = known.filter(({ action }) => action === 'failed');
    // What no server has taken can't have come back, whatever a report says.
    const taken = new Set(message.recipients.filter(wasTakenFor).map(({ address }) => address));
    const hard = message.recipients.length > 1 ? [] : failed.filter((one) => isHard(one) && taken.has(one.address));
    const { writes, apply, suppressed } = this.#suppressing(hard);
    const after = await this.#parts.queue.bounced(message.id, repliesOf(failed), writes);
    apply();
    return { message: after, suppressed };
  }

  #messageOf({ messageId, email_id }: BounceReport): Message | undefined {
    const { queue } = this.#parts;
    if (email_id !== undefined) return queue.get(email_id);
    const id = /^<([0-9a-f-]{36})@[^<>@\s]+>$/.exec(messageId?.trim() ?? '')?.[1];
    const message = id === undefined ? undefined : queue.get(id);
    return message?.messageId === messageId?.trim() ? message : undefined;
  }

  /** A full list must not keep a message from being marked: then its address is only not added. */
  #suppressing(
    hard: readonly BouncedRecipient[],
  ): ReturnType<Suppressions['adding']> & { readonly suppressed: readonly string[] } {
    const { suppressions, log } = this.#parts;
    const entries = hard.map(({ address, status, diagnostic }) =>
      suppressions.bounced(address, `${exactly(status, diagnostic)} ${diagnostic ?? ''}`),
    );
    const addresses = entries.map(({ address }) => address);
    try {
      return { ...suppressions.adding(entries), suppressed: addresses };
    } catch (error) {
      if (!(error instanceof MeshError && error.code === 'store_full')) throw error;
      log.warn('suppression.full', { addresses });
      return { writes: [], apply: () => undefined, suppressed: [] };
    }
  }
}

/** The report's recipients that the message was written to, each under the address that we wrote to, and each once. */
function reported({ recipients }: Message, list: readonly BouncedRecipient[]): readonly BouncedRecipient[] {
  const found = new Map<string, BouncedRecipient>();
  for (const one of list) {
    const ours = [one.address, ...(one.alternatives ?? [])]
      .map((address) => recipientNamed(recipients, address))
      .find((recipient) => recipient !== undefined);
    if (ours !== undefined && !found.has(ours.address)) found.set(ours.address, { ...one, address: ours.address });
  }
  return [...found.values()];
}

/** In its own spelling, or in another as systems rewrite it, unless that could be two. */
function recipientNamed(recipients: readonly Recipient[], address: string): Recipient | undefined {
  const key = mailboxKey(address);
  const same = recipients.find((one) => mailboxKey(one.address) === key);
  if (same !== undefined) return same;
  const folded = recipients.filter((one) => mailboxKey(one.address).toLowerCase() === key.toLowerCase());
  return folded.length === 1 ? folded[0] : undefined;
}

function repliesOf(failed: readonly BouncedRecipient[]) {
  return new Map(
    failed.map(({ address, status, diagnostic }) => [
      address,
      { enhanced: exactly(status, diagnostic), reply: printable(diagnostic ?? status) },
    ]),
  );
}
