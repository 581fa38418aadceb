// Which blobs are needed by messages that may still be sent: a blob is removed only when nobody holds it.
import { keepsContent } from './course.ts';
import type { Message } from './message.ts';

export class BlobHolds {
  readonly #counts = new Map<string, number>();

  needs(blob: string): boolean {
    return this.#counts.has(blob);
  }

  /** A message has gone from one state to another, or has come (`before` absent) or is forgotten (`after` absent). */
  moved(before: Message | undefined, after: Message | undefined): void {
    const held = before !== undefined && keepsContent(before.state);
    const holds = after !== undefined && keepsContent(after.state);
    if (holds && !held) for (const blob of after.blobs) this.#count(blob, 1);
    if (held && !holds) for (const blob of before.blobs) this.#count(blob, -1);
  }

  #count(blob: string, change: number): void {
    const count = (this.#counts.get(blob) ?? 0) + change;
    if (count > 0) this.#counts.set(blob, count);
    else this.#counts.delete(blob);
  }
}
