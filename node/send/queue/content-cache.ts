// Contents of messages between their acceptance and their sending. A message is mostly sent at once, and reading its content back
// from the disk would cost more than keeping it. The cache is bounded by octets: a content that finds no room is read from the disk
// when it is needed, and the contents that came before it stay, because their messages go first.
import type { MessageContent } from '../message.ts';

/** Contents of messages that are due later than this are not kept: they would keep out those that go now. */
export const CONTENT_AHEAD_MS_MAX = 60 * 1_000;
/** Contents kept in memory between acceptance and sending; others are read from the disk again. */
const CONTENT_CACHE_BYTES_MAX = 16 * 1_024 * 1_024;

export class ContentCache {
  readonly #load: (id: string) => Promise<MessageContent | undefined>;
  readonly #byId = new Map<string, { readonly content: MessageContent; readonly bytes: number }>();
  #bytes = 0;

  constructor(load: (id: string) => Promise<MessageContent | undefined>) {
    this.#load = load;
  }

  put(id: string, content: MessageContent): void {
    // What a payload weighs in memory can't be told from its text.
    if (content.payload !== undefined) return;
    const bytes = weightOf(content);
    if (this.#bytes + bytes > CONTENT_CACHE_BYTES_MAX) return;
    this.#byId.set(id, { content, bytes });
    this.#bytes += bytes;
  }

  get(id: string): MessageContent | undefined | Promise<MessageContent | undefined> {
    return this.#byId.get(id)?.content ?? this.#load(id);
  }

  /** The content if it is in memory. */
  peek(id: string): MessageContent | undefined {
    return this.#byId.get(id)?.content;
  }

  forget(id: string): void {
    this.#bytes -= this.#byId.get(id)?.bytes ?? 0;
    this.#byId.delete(id);
  }
}

/** About: two octets for each UTF-16 unit, and something for what stands around the texts. */
function weightOf({ text, html, subject, headers, references, to, cc, bcc, attachments }: MessageContent): number {
  let units = text.length + (html?.length ?? 0) + subject.length;
  for (const [name, value] of headers) units += name.length + value.length;
  for (const reference of references) units += reference.length;
  return 2 * units + 400 * (to.length + cc.length + bcc.length + attachments.length) + 2_000;
}
