// The product with single places of its sources written otherwise, for a thread that has not read them yet: so a test of the tests breaks a
// rule without the product knowing of it. A place that is not there exactly once is an error, or a mutant would turn into the product unseen.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

export interface SourceChange {
  /** From the root of the project. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ROOT = new URL('../../', import.meta.url);

/**
 * From now on these sources are read with their changes. Throws a sentence when a place is not there exactly once. To be called when everything
 * is imported: what it returns throws when one of them was not read meanwhile, and so stands unchanged.
 */
export function changeSources(changes: readonly SourceChange[]): () => void {
  const changed = new Map<string, string>();
  for (const change of changes) {
    const { href } = new URL(change.file, ROOT);
    changed.set(href, changeIn(changed.get(href) ?? readFileSync(new URL(href), 'utf8'), change));
  }
  const unread = new Set(changed.keys());
  registerHooks({
    load(url, context, nextLoad) {
      const source = changed.get(url);
      unread.delete(url);
      return source === undefined ? nextLoad(url, context) : { ...nextLoad(url, context), source };
    },
  });
  return () => {
    if (unread.size > 0) throw new Error(`These were not read with their changes: ${[...unread].join(', ')}.`);
  };
}

/** Throws unless the place is in the text exactly once. */
export function changeIn(text: string, { file, from, to }: SourceChange): string {
  const found = text.split(from).length - 1;
  if (found === 1) return text.replace(from, () => to);
  throw new Error(
    `'${from}' is in ${file} ${found} times, and must be once: the rule that a mutant breaks is written otherwise by now.`,
  );
}
