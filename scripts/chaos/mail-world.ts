// What all that is brought to, told and asked of one mailbox has in common.
import type { AnswerBound } from './answer-bound.ts';
import type { MailboxAsker } from './mailbox-asker.ts';
import type { Violations } from './violations.ts';

export interface MailWorld {
  readonly seed: number;
  readonly asker: MailboxAsker;
  readonly smtp: number;
  readonly lmtp: number;
  readonly violations: Violations;
  readonly bound: AnswerBound;
  readonly isOver: () => boolean;
  /** For something that is brought once more, which an inbox that has it would not look at. */
  readonly newPlace: () => Promise<{ readonly inboxId: string; readonly sender: string }>;
}

export function placesIn(asker: MailboxAsker): MailWorld['newPlace'] {
  let places = 0;
  return async () => {
    places += 1;
    return { inboxId: await asker.newInbox(`again-${places}`), sender: senderOf(39_000 + places) };
  };
}

/** A machine of loopback. */
export const senderOf = (number: number) => `127.1.${Math.floor(number / 200) % 200}.${1 + (number % 200)}`;
