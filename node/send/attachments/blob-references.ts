// Which blobs are needed by messages that may still be sent: a blob is removed only when no message refers to it.

import { isFinal, type Message } from '../message.ts';
import { keepsContent } from '../message-states.ts';

export class BlobReferences {
  readonly #counts = new Map<string, number>();
  /** Messages with attachments that they need. */
  readonly #messages = new Map<string, Message>();

  needs(blob: string): boolean {
    return this.#counts.has(blob);
  }

  /** Failed for good, and still holding their attachments in case they are sent again. */
  failed(): readonly Message[] {
    return [...this.#messages.values()].filter(({ state }) => state === 'failed' || state === 'expired');
  }

  /** A message has gone from one state to another, or has come (`before` absent) or is forgotten (`after` absent). */
  moved(before: Message | undefined, after: Message | undefined): void {
    const neededBefore = blobsOf(before);
    const neededNow = blobsOf(after);
    for (const blob of neededNow) if (!neededBefore.includes(blob)) this.#count(blob, 1);
    for (const blob of neededBefore) if (!neededNow.includes(blob)) this.#count(blob, -1);
    if (after !== undefined && neededNow.length > 0) this.#messages.set(after.id, after);
    else if (before !== undefined) this.#messages.delete(before.id);
  }

  /** Sentences: which messages hold how much, and since when. `bytesOf`: octets of a blob. */
  describe(bytesOf: (blob: string) => number | undefined): string {
    const groups = new Map<string, Message[]>();
    for (const message of this.#messages.values()) {
      const group = groupOf(message);
      groups.set(group, [...(groups.get(group) ?? []), message]);
    }
    return [...groups]
      .map(([group, messages]) => {
        const blobs = [...new Set(messages.flatMap((message) => message.blobs))];
        const bytes = blobs.reduce((sum, blob) => sum + (bytesOf(blob) ?? 0), 0);
        const oldest = messages.map(({ createdAt }) => createdAt).sort()[0];
        return `${group}: ${messages.length} with ${blobs.length} of ${bytes} octets, the oldest of ${oldest}.`;
      })
      .join(' ');
  }

  #count(blob: string, change: number): void {
    const count = (this.#counts.get(blob) ?? 0) + change;
    if (count > 0) this.#counts.set(blob, count);
    else this.#counts.delete(blob);
  }
}

function blobsOf(message: Message | undefined): readonly string[] {
  return message !== undefined && keepsContent(message.state) ? message.blobs : [];
}

function groupOf({ state }: Message): string {
  if (!isFinal(state)) return 'Mails that wait to be sent';
  return state === 'unknown' ? 'Mails of which it is not known whether they arrived' : 'Mails that failed or expired';
}
