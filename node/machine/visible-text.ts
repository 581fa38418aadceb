// Text from outside on its way to a terminal or a log: what would steer the one, or make a line of the other look like something else,
// is shown as `\u001b`. That form is also JSON's own, so a line of the log stays what it was for whoever parses it.

/** Control characters (C0, DEL, C1), what has no width or turns the direction of writing, separators of lines, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One line of text, whatever it was. */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** Shows what is unseen in a text that has lines of its own: line feeds stay. */
export function visibleLines(text: string): string {
  return text.replace(UNSEEN, (found) => (found === '\n' ? found : escaped(found)));
}

/** Shows what is unseen in every text of a JSON value, names of members too. */
export function visibleIn(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(visibleIn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [visible(name), visibleIn(member)]));
}

function escaped(found: string): string {
  let text = '';
  for (let at = 0; at < found.length; at += 1) text += `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return text;
}
