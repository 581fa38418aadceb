// The body of a send, which may hold attachments of 25 MiB in base64. A small one is read as any other. A large one is read as it
// comes, token by token, and what stands at `attachments[*].content` goes piece by piece into a blob instead of being held, so
// that ten of them at once cost little more memory than one.
import { jsonParser, type Token } from 'stream-json/core/parser.js';
import { MeshError } from '../../../mesh/errors.ts';
import { JSON_BOUNDS } from '../../../mesh/json/json-shape.ts';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import { ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, MESSAGE_ATTACHMENTS_BYTES_MAX } from '../../send/limits.ts';
import { parseJson, readBody, refuseOtherThanJson } from '../input.ts';
import { Base64Content } from './base64-content.ts';
import type { BodyPlaces } from './body-places.ts';
import {
  type BeginBlob,
  contentField,
  JsonAssembly,
  SEND_BODY_BYTES_MAX,
  tooManyAttachments,
} from './json-assembly.ts';

/** base64 of the attachments with its line ends, and the rest. */
const BODY_BYTES_MAX = Math.ceil(MESSAGE_ATTACHMENTS_BYTES_MAX * 1.4) + SEND_BODY_BYTES_MAX;
/** A body of announced length up to this is parsed at once, in a fraction of the time that tokens take. */
const SMALL_BODY_BYTES_MAX = 64 * 1_024;
/** Octets looked at in one go: no text longer than this is made of a body, whatever it arrives in. */
const PIECE_BYTES_MAX = 64 * 1_024;

/** `client`: whoever it comes from, as far as places and attachments are shared out. `list`: the member that has them; default `attachments`. */
export type ReadSendBody = (request: Request, client: string, list?: string) => Promise<unknown>;

export interface SendBodyOptions {
  /** What a request without a body says; absent: it is refused, as any other that is no JSON. */
  readonly empty?: Readonly<Record<string, never>>;
}

/** How a body is read. */
interface Reading {
  readonly beginBlob: BeginBlob;
  readonly list: string;
  readonly empty: SendBodyOptions['empty'];
  /** Called when there is a body. Throws `unsupported_media_type`. */
  readonly refuseType: () => void;
}

/**
 * Contents come out as `SpooledContent`. Throws `unsupported_media_type`, `invalid_json`, `payload_too_large`, `unknown_field`,
 * `invalid_request`, `store_full`, `overloaded`, `request_timeout`.
 */
export function sendBodyReader(blobs: BlobStore, places: BodyPlaces, { empty }: SendBodyOptions = {}): ReadSendBody {
  return async (request, client, list = 'attachments') => {
    const type = request.headers.get('content-type');
    const refuseType = () => refuseOtherThanJson(type ?? '');
    const beginBlob: BeginBlob = () => blobs.begin({ bytesMax: ATTACHMENT_BYTES_MAX, client });
    const reading: Reading = { beginBlob, list, empty, refuseType };
    const announced = request.headers.get('content-length');
    // What has no body is of no type, whatever it says.
    if (empty === undefined || Number(announced) > 0) refuseType();
    if (announced !== null && Number(announced) <= SMALL_BODY_BYTES_MAX) return readSmall(reading, request);
    if (Number(announced) > BODY_BYTES_MAX) throw tooLarge();
    return places.read(request, client, (octets) => readLarge(reading, octets));
  };
}

async function readSmall({ beginBlob, list, empty, refuseType }: Reading, request: Request): Promise<unknown> {
  const octets = await readBody(request, SMALL_BODY_BYTES_MAX);
  if (octets.byteLength === 0 && empty !== undefined) return empty;
  refuseType();
  const value = parseJson(
    decoded(() => new TextDecoder('utf-8', { fatal: true }).decode(octets)),
    JSON_BOUNDS,
  );
  const attachments = (value as Readonly<Record<string, unknown>> | null)?.[list];
  if (!Array.isArray(attachments)) return value;
  if (attachments.length > ATTACHMENTS_MAX) throw tooManyAttachments(list);
  for (const [at, attachment] of attachments.entries())
    if (typeof attachment?.content === 'string')
      attachment.content = await spool(beginBlob, attachment.content, contentField(list, at));
  return value;
}

async function spool(beginBlob: BeginBlob, text: string, field: string) {
  const content = new Base64Content(await beginBlob(), field);
  try {
    await content.write(text);
    return await content.finish();
  } catch (error) {
    await content.abort();
    throw error;
  }
}

async function readLarge(
  { beginBlob, list, empty, refuseType }: Reading,
  body: AsyncIterable<Uint8Array>,
): Promise<unknown> {
  const assembly = new JsonAssembly(beginBlob, list);
  const feeding = new Feeding(assembly);
  try {
    let octets = 0;
    for await (const chunk of body) {
      octets += chunk.byteLength;
      if (octets > BODY_BYTES_MAX) throw tooLarge();
      if (octets > 0) refuseType();
      for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES_MAX)
        await feeding.feed(
          Buffer.from(chunk.buffer, chunk.byteOffset + at, Math.min(PIECE_BYTES_MAX, chunk.byteLength - at)),
        );
    }
    if (octets === 0 && empty !== undefined) return empty;
    await feeding.end();
    return assembly.result();
  } catch (error) {
    await assembly.abort();
    throw error;
  }
}

/** What stream-chain hands a function to say that nothing more comes. */
const END = Symbol.for('object-stream.none');
const QUOTE = '"'.charCodeAt(0);
/** In a string, stands for itself: no escape, no end, no control character, nothing of several octets. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** `\u0041` */
const ESCAPE_CHARACTERS_MAX = 6;

/**
 * Octets to tokens to the assembly. In the middle of a content, text goes past the tokenizer, which makes a token of each 256
 * characters: it stays where it was, in a string, and does not miss what it was not shown.
 */
class Feeding {
  readonly #assembly: JsonAssembly;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #parse = jsonParser({ packValues: false }) as unknown as (text: string | typeof END) => {
    readonly values?: readonly Token[];
  };
  /** The last octets of what was tokens: if one begins an escape, the tokenizer may wait for the rest of it. */
  #tail = '\\';

  constructor(assembly: JsonAssembly) {
    this.#assembly = assembly;
  }

  async feed(octets: Buffer): Promise<void> {
    const passed = await this.#pass(octets);
    if (passed === octets.length) return;
    const text = decoded(() => this.#decoder.decode(octets.subarray(passed), { stream: true }));
    await this.#tokens(text);
    this.#tail = (
      this.#tail + octets.toString('latin1', Math.max(passed, octets.length - ESCAPE_CHARACTERS_MAX))
    ).slice(-ESCAPE_CHARACTERS_MAX);
  }

  async end(): Promise<void> {
    await this.#tokens(decoded(() => this.#decoder.decode()));
    await this.#tokens(END);
  }

  /** How many octets at the beginning went to the content that is being read, without a token. */
  async #pass(octets: Buffer): Promise<number> {
    const { content } = this.#assembly;
    if (content === undefined || !PLAIN.test(this.#tail)) return 0;
    const quote = octets.indexOf(QUOTE);
    const length = quote < 0 ? octets.length : quote;
    const text = octets.toString('latin1', 0, length);
    if (!PLAIN.test(text)) return 0;
    await content.write(text);
    return length;
  }

  async #tokens(text: string | typeof END): Promise<void> {
    for (const token of parsed(() => this.#parse(text).values ?? [])) {
      const working = this.#assembly.add(token);
      // Most tokens need nothing to be waited for, and there are thousands.
      if (working !== undefined) await working;
    }
  }
}

function tooLarge(): MeshError {
  return new MeshError(
    'payload_too_large',
    `The body is larger than ${BODY_BYTES_MAX} octets, the most this route takes.`,
  );
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
