// A page of records as a start reads those that there are most of: the ones of a form packed as octets, the others as texts.
import { type PackedTexts, packTexts } from '../../mesh/packed-texts.ts';
import { rewriter, type TextForm } from './text-form.ts';

export interface PackedPage {
  /** Records of the form, rewritten, their keys without what all of these begin with. */
  readonly packed: PackedTexts;
  /** All others: key, text, key, text, … */
  readonly others: readonly string[];
  /** The key of the last record; absent when there was none. */
  readonly last: string | undefined;
}

/** `page`: key, text, key, text, … in the order of the keys. */
export function packPage(page: readonly string[], form: TextForm): PackedPage {
  const rewritten = rewriter(form);
  const [fitting, others]: [string[], string[]] = [[], []];
  for (let at = 0; at < page.length; at += 2) {
    const [key = '', text = ''] = [page[at], page[at + 1]];
    const written = key.startsWith(form.under) ? rewritten(text) : undefined;
    if (written === undefined) others.push(key, text);
    else fitting.push(key.slice(form.under.length), written);
  }
  return { packed: packTexts(fitting), others, last: page.at(-2) };
}
