// Answers whose large parts were made into JSON by the worker that read them: a mail may say some megabytes, and putting those together would
// keep everybody else of the node waiting.

const [COMMA, END] = [Buffer.from(','), Buffer.from(']}')];

/** `json`: a whole answer. */
export function jsonAnswer(json: Uint8Array): Response {
  return new Response(json as Uint8Array<ArrayBuffer>, { headers: { 'Content-Type': 'application/json' } });
}

/** `members`, then a list of `items`, each as JSON. */
export function jsonWith(
  members: Readonly<Record<string, unknown>>,
  list: string,
  items: readonly Uint8Array[],
): Response {
  const beginning = `${JSON.stringify({ ...members, [list]: [] }).slice(0, -END.length)}`;
  const listed = items.flatMap((item, at) => (at === 0 ? [item] : [COMMA, item]));
  return jsonAnswer(Buffer.concat([Buffer.from(beginning), ...listed, END]));
}
