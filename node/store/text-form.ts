// A form that most values under a prefix have, and what becomes of their text: told to the store's thread as data, so that at a start the common
// records are checked and made smaller there, and the thread of the node does not see their JSON.

export interface TextForm {
  /** Source of a regular expression that fits a whole text, or nothing of it. */
  readonly pattern: string;
  /** What it is replaced by, as `String.prototype.replace` reads it. Its first character begins no JSON. */
  readonly to: string;
}

/** The text as it is handed on: rewritten, or JSON as before. What begins as if it were rewritten gets a space, which JSON does not mind. */
export function rewriter({ pattern, to }: TextForm): (text: string) => string {
  const form = new RegExp(pattern);
  const mark = to.slice(0, 1);
  return (text) => (text.startsWith(mark) ? ` ${text}` : text.replace(form, to));
}
