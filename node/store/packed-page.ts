// A page of records as a start reads those that there are most of: the ones of a form packed as octets, the others as texts.
import { type PackedTexts, packTexts } from '../../mesh/packed-texts.ts';
import { rewriter, type TextForm } from './text-form.ts';

export interface PackedPage {
  /** Records of the form, rewritten, their keys without what all of these begin with; in parts, each behind the one before. */
  readonly packed: readonly PackedTexts[];
  /** All others: key, text, key, text, … */
  readonly others: readonly string[];
  /** The key of the last record; absent when there was none. */
  readonly last: string | undefined;
}

/** `parts`: key, text, key, text, … in the order of the keys, each part behind the one before. */
export function packPage(parts: Iterable<readonly string[]>, form: TextForm): PackedPage {
  const rewritten = rewriter(form);
  const [packed, others]: [PackedTexts[], string[]] = [[], []];
  let last: string | undefined;
  for (const part of parts) {
    const fitting: string[] = [];
    for (let at = 0; at < part.length; at += 2) {
      const [key = '', text = ''] = [part[at], part[at + 1]];
      const written = key.startsWith(form.under) ? rewritten(text) : undefined;
      if (written === undefined) others.push(key, text);
      else fitting.push(key.slice(form.under.length), written);
      last = key;
    }
    packed.push(packTexts(fitting));
  }
  return { packed, others, last };
}

/** A page of records as they are, their keys without `prefix`. */
export function packAsIs(parts: Iterable<readonly string[]>, prefix: string): PackedPage {
  const packed: PackedTexts[] = [];
  let last: string | undefined;
  for (const part of parts) {
    packed.push(packUnder(part, prefix));
    last = part.at(-2) ?? last;
  }
  return { packed, others: [], last };
}

/**
 * `flat`: key, text, key, text, …; the keys, all of which begin with `prefix`, come without it. The texts are long, so each is written where it belongs: joined
 * first they would be copied twice, which takes twice as long.
 */
export function packUnder(flat: readonly string[], prefix: string): PackedTexts {
  const texts = flat.map((text, at) => (at % 2 === 0 ? text.slice(prefix.length) : text));
  const starts = new Uint32Array(texts.length + 1);
  let bytes = 0;
  for (const [at, text] of texts.entries()) {
    bytes += Buffer.byteLength(text);
    starts[at + 1] = bytes;
  }
  // Of its own, for it is handed over to another thread.
  const octets = Buffer.allocUnsafeSlow(bytes);
  for (const [at, text] of texts.entries()) octets.write(text, starts[at] ?? 0);
  return { octets, starts };
}
