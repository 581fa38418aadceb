// The body of a send, which may hold attachments of 25 MiB in base64: read token by token, and what stands at
// `attachments[*].content` is decoded piece by piece into a blob instead of being held. Everything else is small and bounded, so
// ten such requests at once cost no more memory than one.
import pLimit from 'p-limit';
import { jsonParser, type Token } from 'stream-json/core/parser.js';
import { MeshError } from '../../mesh/errors.ts';
import { type Blobs, type BlobWriter, SpooledContent } from '../send/blobs.ts';
import {
  ATTACHMENT_BYTES_MAX,
  ATTACHMENTS_MAX,
  MESSAGE_ATTACHMENTS_BYTES_MAX,
  SEND_BODY_BYTES_MAX,
} from '../send/limits.ts';
import { refuseOtherThanJson } from './input.ts';

/** base64 of the attachments with its line ends, and the rest. */
const BODY_BYTES_MAX = Math.ceil(MESSAGE_ATTACHMENTS_BYTES_MAX * 1.4) + SEND_BODY_BYTES_MAX;
const DEPTH_MAX = 64;
/** Base64 decoded and written at once. */
const WRITE_CHARACTERS = 64 * 1_024;
/** Requests whose bodies are read at once; others wait, and their senders with them. */
const BODIES_READ_AT_ONCE = 16;

export type ReadSendBody = (request: Request) => Promise<unknown>;

/** Throws `unsupported_media_type`, `invalid_json`, `payload_too_large`, `unknown_field`, `invalid_request`. */
export function sendBodyReader(blobs: Blobs): ReadSendBody {
  const turn = pLimit(BODIES_READ_AT_ONCE);
  return (request) =>
    turn(async () => {
      refuseOtherThanJson(request.headers.get('content-type') ?? '');
      const assembly = new Assembly(blobs);
      try {
        return await readInto(assembly, request);
      } catch (error) {
        await assembly.abort();
        throw error;
      }
    });
}

async function readInto(assembly: Assembly, request: Request): Promise<unknown> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parse = jsonParser({ packStrings: false, streamKeys: false, streamNumbers: false }) as unknown as (
    text: string | typeof END,
  ) => { readonly values?: readonly Token[] };
  let octets = 0;
  const feed = async (text: string | typeof END): Promise<void> => {
    for (const token of parsed(() => parse(text).values ?? [])) {
      const working = assembly.take(token);
      // Most tokens need nothing to be waited for, and there are thousands.
      if (working !== undefined) await working;
    }
  };
  for await (const chunk of request.body ?? []) {
    octets += chunk.byteLength;
    if (octets > BODY_BYTES_MAX)
      throw new MeshError(
        'payload_too_large',
        `The body is larger than ${BODY_BYTES_MAX} octets, the most this route takes.`,
      );
    await feed(decoded(() => decoder.decode(chunk, { stream: true })));
  }
  await feed(decoded(() => decoder.decode()));
  await feed(END);
  return assembly.result();
}

/** What stream-chain hands a function to say that nothing more comes. */
const END = Symbol.for('object-stream.none');

/** Builds the value as `JSON.parse` would, but for the contents. */
class Assembly {
  readonly #blobs: Blobs;
  readonly #stack: (Record<string, unknown> | unknown[])[] = [];
  readonly #path: (string | number)[] = [];
  #writer: Base64Writer | undefined;
  #text = '';
  #held = 0;
  #value: unknown;
  #isComplete = false;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** A promise when there is something to be waited for before the next token. */
  take(token: Token): Promise<void> | undefined {
    switch (token.name) {
      case 'startObject':
        this.#open({});
        return undefined;
      case 'startArray':
        this.#open([]);
        return undefined;
      case 'endObject':
      case 'endArray':
        this.#close();
        return undefined;
      case 'keyValue':
        this.#key(token.value);
        return undefined;
      case 'startString':
        this.#text = '';
        return this.#isContent() ? this.#beginContent() : undefined;
      case 'stringChunk':
        if (this.#writer !== undefined) return this.#writer.write(token.value);
        this.#append(token.value);
        return undefined;
      case 'endString':
        if (this.#writer !== undefined) return this.#endContent(this.#writer);
        this.#put(this.#text);
        return undefined;
      case 'numberValue':
        this.#put(Number(token.value));
        return undefined;
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        this.#put(token.value);
    }
    return undefined;
  }

  result(): unknown {
    if (!this.#isComplete) throw new MeshError('invalid_json', 'The body is not JSON: it ends too early.');
    return this.#value;
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }

  #append(chunk: string): void {
    this.#hold(chunk.length);
    this.#text += chunk;
  }

  #isContent(): boolean {
    const [list, , member] = this.#path;
    return this.#path.length === 3 && list === 'attachments' && member === 'content';
  }

  async #beginContent(): Promise<void> {
    if (Number(this.#path[1]) >= ATTACHMENTS_MAX)
      throw new MeshError('invalid_request', `'attachments' has more than ${ATTACHMENTS_MAX} entries.`, {
        field: 'attachments',
      });
    this.#writer = new Base64Writer(await this.#blobs.begin(ATTACHMENT_BYTES_MAX), this.#field());
  }

  async #endContent(writer: Base64Writer): Promise<void> {
    const content = await writer.finish();
    this.#writer = undefined;
    this.#put(content);
  }

  #field(): string {
    return `attachments[${this.#path[1]}].content`;
  }

  #open(container: Record<string, unknown> | unknown[]): void {
    if (this.#stack.length >= DEPTH_MAX)
      throw new MeshError('invalid_json', `The body is nested deeper than ${DEPTH_MAX} levels.`);
    this.#hold(8);
    this.#put(container);
    this.#stack.push(container);
    this.#path.push(Array.isArray(container) ? 0 : '');
  }

  #close(): void {
    this.#stack.pop();
    this.#path.pop();
    this.#isComplete = this.#stack.length === 0;
    this.#step();
  }

  #key(name: string): void {
    if (name === '__proto__')
      throw new MeshError('unknown_field', `'${name}' is not a field this route knows.`, { field: name });
    this.#hold(name.length);
    this.#path[this.#path.length - 1] = name;
  }

  #put(value: unknown): void {
    const parent = this.#stack.at(-1);
    this.#hold(8);
    if (parent === undefined) {
      this.#value = value;
      this.#isComplete = typeof value !== 'object' || value === null || value instanceof SpooledContent;
      return;
    }
    if (Array.isArray(parent)) parent.push(value);
    else parent[String(this.#path.at(-1))] = value;
    if (typeof value !== 'object' || value === null || value instanceof SpooledContent) this.#step();
  }

  /** On to the next place of a list. */
  #step(): void {
    const at = this.#path.at(-1);
    if (typeof at === 'number') this.#path[this.#path.length - 1] = at + 1;
  }

  #hold(size: number): void {
    this.#held += size;
    if (this.#held > SEND_BODY_BYTES_MAX)
      throw new MeshError(
        'payload_too_large',
        `The body is larger than ${SEND_BODY_BYTES_MAX} octets without its attachments, the most this route takes.`,
      );
  }
}

/** RFC 4648 §4 with its padding; white space between is ignored, as mail tools write it in lines. */
class Base64Writer {
  readonly #blob: BlobWriter;
  readonly #field: string;
  /** What has come and is not written yet. */
  #pieces: string[] = [];
  #waiting = 0;
  #rest = '';
  #isPadded = false;

  constructor(blob: BlobWriter, field: string) {
    this.#blob = blob;
    this.#field = field;
  }

  /** A promise when it writes: pieces are small, and each write is a call into the system. */
  write(text: string): Promise<void> | undefined {
    this.#pieces.push(text);
    this.#waiting += text.length;
    return this.#waiting < WRITE_CHARACTERS ? undefined : this.#flush();
  }

  async finish(): Promise<SpooledContent> {
    await this.#flush();
    if (this.#rest !== '') throw this.#refusal('it ends in the middle of a group of four');
    return new SpooledContent(await this.#blob.finish());
  }

  async #flush(): Promise<void> {
    const clean = this.#rest + this.#pieces.join('').replace(/[\t\n\r ]+/g, '');
    this.#pieces = [];
    this.#waiting = 0;
    const whole = clean.length - (clean.length % 4);
    this.#rest = clean.slice(whole);
    if (whole > 0) await this.#decode(clean.slice(0, whole));
  }

  abort(): Promise<void> {
    return this.#blob.abort();
  }

  async #decode(groups: string): Promise<void> {
    if (this.#isPadded) throw this.#refusal('something follows its padding');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(groups)) throw this.#refusal('it has other characters');
    this.#isPadded = groups.endsWith('=');
    await this.#blob.write(Buffer.from(groups, 'base64'));
  }

  #refusal(why: string): MeshError {
    return new MeshError('invalid_request', `'${this.#field}' is not base64: ${why}.`, { field: this.#field });
  }
}

function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw new MeshError('invalid_json', `The body is not JSON: ${(cause as Error).message}`, { cause });
  }
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    throw new MeshError('invalid_json', 'The body is not valid UTF-8.', { cause });
  }
}
