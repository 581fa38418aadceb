// What a question and an answer look like inside a channel: a first line and a few fields, then the body as it is. A question says what
// a request says, an answer what a response says, so that both mean the same as over HTTP. Who asks is known of the channel.

/** The first lines of a question or an answer: the path and a few fields. */
export const HEAD_BYTES_MAX = 8 * 1_024;

/** Fields that a question may have, in lower case. Others are not read. */
const QUESTION_FIELDS = ['if-none-match', 'x-federated-query'] as const;
const HEAD_END = '\n\n';

export interface ChannelQuestion {
  readonly method: 'GET' | 'POST';
  /** Path with query, in its canonical spelling: begins with `/`. */
  readonly target: string;
  /** By lower-case names. */
  readonly fields: Readonly<Record<string, string>>;
  /** Empty when there is none. */
  readonly body: Uint8Array;
}

export interface ChannelAnswer {
  readonly status: number;
  readonly etag?: string | undefined;
  readonly body: Uint8Array;
}

/** `undefined` when it can't be said over a channel: a path or a field is too long, or a field is none that is read there. */
export function writeQuestion({ method, target, fields, body }: ChannelQuestion): Uint8Array | undefined {
  let head = `${method} ${target}`;
  for (const [name, value] of Object.entries(fields)) {
    const isKnown = QUESTION_FIELDS.some((known) => known === name);
    if (!isKnown || !/^[\x20-\x7e]*$/.test(value)) return undefined;
    head += `\n${name}: ${value}`;
  }
  return head.length > HEAD_BYTES_MAX ? undefined : withBody(head, body);
}

/** `undefined` when the octets are no question. */
export function readQuestion(octets: Uint8Array): ChannelQuestion | undefined {
  const parts = partsOf(octets);
  const [first = '', ...lines] = parts?.lines ?? [];
  const match = /^(GET|POST) (\/[\x21-\x7e]*)$/.exec(first);
  if (parts === undefined || match === null) return undefined;
  const fields: Record<string, string> = {};
  for (const name of QUESTION_FIELDS) {
    const line = lines.find((one) => one.startsWith(`${name}: `));
    if (line !== undefined) fields[name] = line.slice(name.length + 2);
  }
  return { method: match[1] as 'GET' | 'POST', target: match[2] ?? '', fields, body: parts.body };
}

/** An answer as octets, which `readAnswer` reads. */
export function writeAnswer({ status, etag, body }: ChannelAnswer): Uint8Array {
  return withBody(etag === undefined ? String(status) : `${status}\netag: ${etag}`, body);
}

/** `undefined` when the octets are no answer. */
export function readAnswer(octets: Uint8Array): ChannelAnswer | undefined {
  const parts = partsOf(octets);
  const [first = '', second] = parts?.lines ?? [];
  if (parts === undefined || !/^[2-5]\d\d$/.test(first)) return undefined;
  const etag = second?.startsWith('etag: ') ? { etag: second.slice('etag: '.length) } : {};
  return { status: Number(first), body: parts.body, ...etag };
}

function withBody(head: string, body: Uint8Array): Uint8Array {
  const octets = Buffer.allocUnsafe(head.length + HEAD_END.length + body.byteLength);
  octets.write(head + HEAD_END, 'latin1');
  octets.set(body, head.length + HEAD_END.length);
  return octets;
}

function partsOf(octets: Uint8Array): { readonly lines: readonly string[]; readonly body: Uint8Array } | undefined {
  const bytes = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  const end = bytes.subarray(0, HEAD_BYTES_MAX + HEAD_END.length).indexOf(HEAD_END, 0, 'latin1');
  if (end === -1) return undefined;
  return { lines: bytes.toString('latin1', 0, end).split('\n'), body: bytes.subarray(end + HEAD_END.length) };
}
