// A JSON value put together from tokens as `JSON.parse` would, but for the contents of attachments, which go into blobs. What is
// held of all else is counted and bounded, names and numbers included: a body may be one number of many million digits.
import type { Token } from 'stream-json/core/parser.js';
import { MeshError } from '../../../mesh/errors.ts';
import { JSON_BOUNDS } from '../../../mesh/json/json-shape.ts';
import { type BlobWriter, SpooledContent } from '../../send/attachments/blob-store.ts';
import { ATTACHMENTS_MAX } from '../../send/limits.ts';
import { Base64Content } from './base64-content.ts';

/** Everything of a send but its attachments. */
export const SEND_BODY_BYTES_MAX = 4 * 1_024 * 1_024;

/** Counted for each value and member, whatever its text: what it costs is not only its characters. */
const VALUE_COST = 8;

/** A place for the octets of one attachment. */
export type BeginBlob = () => Promise<BlobWriter>;

type Container = Record<string, unknown> | unknown[];

/** One value. `abort` must be called when it is given up. */
export class JsonAssembly {
  readonly #beginBlob: BeginBlob;
  readonly #list: string;
  readonly #stack: Container[] = [];
  readonly #path: (string | number)[] = [];
  #content: Base64Content | undefined;
  /** Begun so far; a member that is written twice counts twice, for it costs a file each time. */
  #contents = 0;
  #text = '';
  #counted = 0;
  #values = 0;
  #value: unknown;
  #isComplete = false;

  /** `list`: the member whose items have contents. */
  constructor(beginBlob: BeginBlob, list: string) {
    this.#beginBlob = beginBlob;
    this.#list = list;
  }

  /** The content that is being read; its text may be written to it directly, past the tokens. */
  get content(): Base64Content | undefined {
    return this.#content;
  }

  /**
   * A promise when there is something to be waited for before the next token. Throws `payload_too_large`, `invalid_json`,
   * `unknown_field`, `invalid_request`.
   */
  add(token: Token): Promise<void> | undefined {
    switch (token.name) {
      case 'startObject':
        return this.#open({});
      case 'startArray':
        return this.#open([]);
      case 'endObject':
      case 'endArray':
        return this.#close();
      case 'startString':
        this.#text = '';
        return this.#isContent() ? this.#beginContent() : undefined;
      case 'startKey':
      case 'startNumber':
        this.#text = '';
        return undefined;
      case 'stringChunk':
      case 'numberChunk':
        return this.#content === undefined ? this.#append(token.value) : this.#content.write(token.value);
      case 'endKey':
        return this.#name(this.#text);
      case 'endString':
        return this.#content === undefined ? this.#put(this.#text) : this.#endContent(this.#content);
      case 'endNumber':
        return this.#put(Number(this.#text));
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        return this.#put(token.value);
    }
    return undefined;
  }

  /** Throws `invalid_json` when it is not whole. */
  result(): unknown {
    if (!this.#isComplete) throw new MeshError('invalid_json', 'The body is not JSON: it ends too early.');
    return this.#value;
  }

  /** Leaves no half-written content; whole ones are swept when nobody needs them. */
  async abort(): Promise<void> {
    await this.#content?.abort();
  }

  #append(chunk: string): undefined {
    this.#count(chunk.length);
    this.#text += chunk;
  }

  #isContent(): boolean {
    const [list, at, member] = this.#path;
    return this.#path.length === 3 && list === this.#list && typeof at === 'number' && member === 'content';
  }

  async #beginContent(): Promise<void> {
    this.#contents += 1;
    if (this.#contents > ATTACHMENTS_MAX || Number(this.#path[1]) >= ATTACHMENTS_MAX)
      throw tooManyAttachments(this.#list);
    this.#content = new Base64Content(await this.#beginBlob(), contentField(this.#list, this.#path[1]));
  }

  async #endContent(content: Base64Content): Promise<void> {
    const spooled = await content.finish();
    this.#content = undefined;
    this.#put(spooled);
  }

  #open(container: Container): undefined {
    if (this.#stack.length >= JSON_BOUNDS.depthMax)
      throw excess(`is nested deeper than ${JSON_BOUNDS.depthMax} levels`);
    this.#put(container);
    this.#stack.push(container);
    this.#path.push(Array.isArray(container) ? 0 : '');
  }

  #close(): undefined {
    this.#stack.pop();
    this.#path.pop();
    this.#isComplete = this.#stack.length === 0;
    this.#step();
  }

  #name(name: string): undefined {
    if (name === '__proto__')
      throw new MeshError('unknown_field', `'${name}' is not a field this route knows.`, { field: name });
    this.#count(VALUE_COST);
    this.#path[this.#path.length - 1] = name;
  }

  #put(value: unknown): undefined {
    this.#count(VALUE_COST);
    this.#values += 1;
    if (this.#values > JSON_BOUNDS.valuesMax)
      throw new MeshError('payload_too_large', `The body has more than ${JSON_BOUNDS.valuesMax} values.`);
    const parent = this.#stack.at(-1);
    if (Array.isArray(parent)) parent.push(value);
    else if (parent !== undefined) parent[String(this.#path.at(-1))] = value;
    else this.#value = value;
    if (typeof value === 'object' && value !== null && !(value instanceof SpooledContent)) return;
    this.#isComplete = parent === undefined;
    this.#step();
  }

  /** On to the next place of a list. */
  #step(): void {
    const at = this.#path.at(-1);
    if (typeof at === 'number') this.#path[this.#path.length - 1] = at + 1;
  }

  #count(size: number): void {
    this.#counted += size;
    if (this.#counted > SEND_BODY_BYTES_MAX)
      throw new MeshError(
        'payload_too_large',
        `The body is larger than ${SEND_BODY_BYTES_MAX} octets without its attachments, the most this route takes.`,
      );
  }
}

/** JSON path of a content. */
export function contentField(list: string, at: string | number | undefined): string {
  return `${list}[${at}].content`;
}

/** The refusal (`invalid_request`) of more attachments than a message may have. */
export function tooManyAttachments(list: string): MeshError {
  return new MeshError('invalid_request', `'${list}' has more than ${ATTACHMENTS_MAX} entries.`, { field: list });
}

function excess(what: string): MeshError {
  return new MeshError('invalid_json', `The body ${what}.`);
}
