// The mails that an inbox has said it took, and whether it has them, octet for octet.
import { createHash } from 'node:crypto';
import type { MailboxAsker } from './mailbox-asker.ts';
import type { Violations } from './violations.ts';

/** Mails that are read at the same time. */
const TOGETHER = 3;
/** Mails that nobody has sent, which are shown beside what is missing. */
const STRANGERS_MAX = 5;

interface Taken {
  /** Names the mail within the run, as a file. */
  readonly name: string;
  readonly mail: Buffer;
  readonly body: string;
}

export class TakenMails {
  readonly #byHash = new Map<string, Taken>();

  get size(): number {
    return this.#byHash.size;
  }

  add(name: string, mail: Buffer): void {
    this.#byHash.set(hashOf(mail), { name, mail, body: hashOf(bodyOf(mail)) });
  }

  /** Adds what the inbox does not have, or has otherwise. */
  async lookFor(asker: MailboxAsker, inboxId: string, violations: Violations): Promise<void> {
    const [found, strangers] = [new Set<string>(), new Map<string, Buffer>()];
    const ids = await asker.messageIds(inboxId);
    const read = async () => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        const octets = await asker.raw(inboxId, id);
        const mail = octets.subarray(octets.indexOf('+0000\r\n') + 7);
        const hash = hashOf(mail);
        found.add(hash);
        if (!this.#byHash.has(hash) && strangers.size < STRANGERS_MAX)
          strangers.set(`${inboxId}-kept-${strangers.size}.eml`, mail);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, read));
    // Two with the same name, sender, date and body are kept once (mail-digest.ts).
    const bodies = new Set([...this.#byHash].filter(([hash]) => found.has(hash)).map(([, { body }]) => body));
    const lost = [...this.#byHash].filter(([hash, { body }]) => !found.has(hash) && !bodies.has(body));
    for (const [index, [, { name, mail }]] of lost.entries())
      violations.add(`${name} was taken, and ${inboxId} does not have it octet for octet`, {
        [`${name}.eml`]: mail,
        ...(index === 0 ? Object.fromEntries(strangers) : {}),
      });
  }
}

/** Body as mail-digest.ts has it: behind the first line that has nothing but carriage returns. */
function bodyOf(mail: Buffer): Buffer {
  const at = /(?:^|\n)\r*\n/.exec(mail.toString('latin1'));
  return at === null ? Buffer.alloc(0) : mail.subarray(at.index + at[0].length);
}

function hashOf(mail: Uint8Array): string {
  return createHash('sha256').update(mail).digest('hex');
}
