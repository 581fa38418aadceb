// Answers whose large parts were made into JSON by the worker that read them: a mail may say some megabytes, and putting those together would
// keep everybody else of the node waiting.

const [OPEN, COMMA, CLOSE, END] = ['[', ',', ']', '}'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
];

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
  const listed = items.flatMap((item, at) => (at === 0 ? [item] : [COMMA, item]));
  return joined(members, list, [OPEN, ...listed, CLOSE]);
}

/** `members`, then a list, as JSON already. */
export function jsonWithList(members: Readonly<Record<string, unknown>>, list: string, json: Uint8Array): Response {
  return joined(members, list, [json]);
}

/** Joined once: each copy of a large mail takes the main thread ten milliseconds. */
function joined(members: Readonly<Record<string, unknown>>, list: string, json: readonly Uint8Array[]): Response {
  const beginning = JSON.stringify({ ...members, [list]: [] }).slice(0, -'[]}'.length);
  return jsonAnswer(Buffer.concat([Buffer.from(beginning), ...json, END]));
}
