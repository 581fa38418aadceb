// Dialogues that nobody should hold, one after the other, with a real mailbox: what was acknowledged in each must be there.
import { seededRandom } from '../../test/support/seeded-random.ts';
import { WAITED_MS_MAX } from './answer-bound.ts';
import { type Dialogue, holdDialogue, wordsOf } from './hostile-dialogues.ts';
import { type MailWorld, senderOf } from './mail-world.ts';

/** Dialogues whose mails go into one inbox, and that come as one machine. */
const PER_INBOX = 500;
const PER_SENDER = 20;

/** How many were held, each with a seed of its own. */
export async function holdDialogues(world: MailWorld, count: number): Promise<number> {
  const { asker, violations, bound } = world;
  let [held, inboxId, mails] = [0, '', 0];
  for (; held < count && !world.isOver(); held += 1) {
    if (held % PER_INBOX === 0) {
      inboxId = await asker.newInbox(`dialogues-${held}`);
      mails = 0;
    }
    const isSmtp = held % 2 === 0;
    const port = isSmtp ? world.smtp : world.lmtp;
    const dialogue = {
      port,
      inboxId,
      mark: `d${held}`,
      localAddress: senderOf(20_000 + Math.floor(held / PER_SENDER)),
    };
    const randomOf = () => seededRandom(world.seed * 1_000_000 + held);
    const octets = { [`dialogue-${held}`]: wordsOf(dialogue, randomOf()) };
    const hold = (one: Dialogue) => holdDialogue(one, randomOf(), AbortSignal.timeout(WAITED_MS_MAX));
    const again = async () => {
      const place = await world.newPlace();
      return () => hold({ ...dialogue, inboxId: place.inboxId, localAddress: place.sender });
    };
    try {
      const { kept, faults } = await bound.answer({
        ...{ name: `dialogue ${held}`, ask: () => hold(dialogue), again, octets },
      });
      for (const fault of faults) violations.add(`dialogue ${held}: ${fault}`, octets);
      const known = await asker.count(inboxId);
      // By LMTP each recipient is answered, and it may be named more than once.
      const least = mails + (isSmtp ? kept : Math.min(kept, 1));
      const lost = `${kept} mails were acknowledged, and ${known - mails} are there`;
      if (known < least) violations.add(`dialogue ${held}: ${lost}`, octets);
      mails = known;
    } catch (error) {
      violations.add(`dialogue ${held}: ${error}`, octets);
    }
  }
  return held;
}
