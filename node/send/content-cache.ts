// Contents of messages between their acceptance and their sending, which mostly follow each other at once: those that are read
// again from the disk would cost more than they weigh. Bounded by octets: what finds no room is read when it is needed, and those
// that came before it, which go first, stay.
import { CONTENT_CACHE_BYTES_MAX } from './limits.ts';
import type { MessageContent } from './message.ts';

export class ContentCache {
  readonly #load: (id: string) => Promise<MessageContent>;
  readonly #byId = new Map<string, { readonly content: MessageContent; readonly bytes: number }>();
  #bytes = 0;

  constructor(load: (id: string) => Promise<MessageContent>) {
    this.#load = load;
  }

  put(id: string, content: MessageContent): void {
    // Two octets for each UTF-16 unit, and something for what stands around them.
    const bytes = 2 * (content.text.length + (content.html?.length ?? 0)) + 2_000;
    if (this.#bytes + bytes > CONTENT_CACHE_BYTES_MAX) return;
    this.#byId.set(id, { content, bytes });
    this.#bytes += bytes;
  }

  get(id: string): MessageContent | Promise<MessageContent> {
    return this.#byId.get(id)?.content ?? this.#load(id);
  }

  forget(id: string): void {
    this.#bytes -= this.#byId.get(id)?.bytes ?? 0;
    this.#byId.delete(id);
  }
}
