// The parts of a mail (RFC 2045, 2046) and where their octets lie in it, found in one pass while the mail comes in and in bounded memory:
// what a part holds is counted, and only the beginning of what people read is kept. A mail that breaks a bound, or that can't be
// taken apart without losing octets, is one text part and `malformed`. No mail is refused for being ugly.
import type { Transform } from 'node:stream';
import { type MimeNode, Splitter, type SplitterChunk } from '@zone-eu/mailsplit';
import {
  type TransferDecoder,
  type TransferEncoding,
  transferDecoder,
  transferEncodingOf,
} from '../text/transfer-decoder.ts';
import { firstField, type HeaderField, headerFields } from './header-fields.ts';

/** Parts of one mail, and how deep they may lie in one another. */
const PARTS_MAX = 1_000;
const DEPTH_MAX = 50;
/** Octets of the header of one part. */
const HEADER_BYTES_MAX = 256 * 1024;
/** Octets of text that are kept of one mail, decoded, over all its parts. */
const TEXT_BYTES_MAX = 2 * 1024 * 1024;
/** Octets of a malformed mail that are shown as its text. */
const MALFORMED_TEXT_BYTES_MAX = 256 * 1024;
/** Characters of a value in a part's header. A file name has 255 octets at most. */
const VALUE_CHARACTERS_MAX = 1_000;

/** A part that holds something, so no multipart. */
export interface Part {
  /** Place among the parts, as IMAP counts: `1` for a mail of one part, `1.2` for the second part of the first (RFC 3501 §6.4.5). */
  readonly number: string;
  /** In lower case. */
  readonly contentType: string;
  readonly charset: string | undefined;
  readonly encoding: TransferEncoding;
  /** In lower case: `inline`, `attachment` or something that nobody defined. */
  readonly disposition: string | undefined;
  readonly filename: string | undefined;
  /** Without its angle brackets. */
  readonly contentId: string | undefined;
  readonly isFlowed: boolean;
  /** Trailing spaces of flowed lines are deleted, too (RFC 3676 §4.2). */
  readonly deletesSpace: boolean;
  /** Octets of the raw mail, still encoded; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Octets when decoded. */
  readonly size: number;
  /** The decoded beginning of a part that is text or JSON. */
  readonly octets: Buffer | undefined;
}

export interface Structure {
  readonly headers: readonly HeaderField[];
  /** The octets of the header with the empty line that ends it; the body follows. Empty: there is none, or it is too large. */
  readonly header: Buffer;
  readonly size: number;
  readonly parts: readonly Part[];
  /** Why the parts are not those that the mail declares, as a sentence. */
  readonly malformed: string | undefined;
}

interface OpenPart extends Omit<Part, 'start' | 'end' | 'size' | 'octets'> {
  readonly isMultipart: boolean;
  readonly decoder: TransferDecoder;
  readonly kept: Buffer[] | undefined;
  start: number;
  end: number;
  size: number;
  hasChildren: boolean;
}

/** Takes a mail piece by piece. After `end` it is of no more use. */
export class StructurePass {
  readonly #splitter = new Splitter({
    ignoreEmbedded: true,
    maxHeadSize: HEADER_BYTES_MAX,
    maxChildNodes: PARTS_MAX,
  });
  readonly #open: OpenPart[] = [];
  readonly #byNode = new Map<MimeNode, OpenPart>();
  /** The beginning of the mail, for one that turns out to be malformed. */
  readonly #beginning: Buffer[] = [];
  #beginningSize = 0;
  #headers: readonly HeaderField[] = [];
  #header: Buffer = Buffer.alloc(0);
  /** Octets that were given, and those that came out again as headers and bodies. */
  #given = 0;
  #seen = 0;
  #keptSize = 0;
  #malformed: string | undefined;

  constructor() {
    this.#splitter.on('data', (chunk) => this.#take(chunk));
    // The package types no event but `data`.
    (this.#splitter as Transform).on('error', (error) =>
      this.#giveUp(`The mail's parts can't be read: ${error.message}.`),
    );
  }

  /** Resolves when the octets have been looked at; the event loop turns meanwhile. */
  async write(octets: Buffer): Promise<void> {
    this.#given += octets.length;
    if (this.#beginningSize < MALFORMED_TEXT_BYTES_MAX) {
      const piece = octets.subarray(0, MALFORMED_TEXT_BYTES_MAX - this.#beginningSize);
      this.#beginning.push(piece);
      this.#beginningSize += piece.length;
    }
    if (this.#malformed !== undefined) return;
    await new Promise<void>((resolve) => this.#splitter.write(octets, () => resolve()));
  }

  async end(): Promise<Structure> {
    if (this.#malformed === undefined) await this.#ended();
    if (this.#malformed === undefined && this.#seen !== this.#given)
      this.#giveUp('The mail has a part whose header does not end.');
    if (this.#malformed === undefined && this.#headers.length === 0) this.#giveUp('The mail has no header.');
    if (this.#malformed !== undefined) return this.#asOneText(this.#malformed);
    for (const part of this.#open) this.#keep(part, part.decoder.end());
    const childless = this.#open.find(({ isMultipart, hasChildren }) => isMultipart && !hasChildren);
    return {
      headers: this.#headers,
      header: this.#header,
      size: this.#given,
      parts: this.#open.filter(({ hasChildren }) => !hasChildren).map(closed),
      malformed: childless && `The part ${childless.number} says that it has parts, and has none.`,
    };
  }

  async #ended(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    (this.#splitter as Transform).once('close', () => resolve());
    this.#splitter.end();
    await promise;
  }

  #take(chunk: SplitterChunk): void {
    if (this.#malformed !== undefined) return;
    if (chunk.type === 'node') this.#begin(chunk);
    else this.#content(this.#byNode.get(chunk.node), chunk.value);
  }

  #begin(node: MimeNode): void {
    const block = node.getHeaders();
    this.#seen += block.length;
    const fields = headerFields(block);
    if (node.root) {
      this.#headers = fields;
      this.#header = block;
    }
    const parent = node.parentNode === false ? undefined : this.#byNode.get(node.parentNode);
    if (parent !== undefined) parent.hasChildren = true;
    if (depthOf(node) > DEPTH_MAX) {
      this.#giveUp(`The mail has parts within parts, more than ${DEPTH_MAX} deep.`);
      return;
    }
    const encoding = transferEncodingOf(firstField(fields, 'content-transfer-encoding') ?? '');
    const part: OpenPart = {
      number: numberOf(node),
      contentType: node.contentType || 'text/plain',
      isMultipart: node.multipart !== false,
      charset: bounded(node.charset),
      encoding: node.multipart === false ? encoding : 'identity',
      disposition: bounded(node.disposition),
      filename: bounded(node.filename),
      contentId: bounded(firstField(fields, 'content-id')?.replace(/^<|>$/g, '')),
      isFlowed: node.flowed,
      deletesSpace: node.delSp,
      start: this.#seen,
      end: this.#seen,
      size: 0,
      hasChildren: false,
      decoder: transferDecoder(node.multipart === false ? encoding : 'identity'),
      kept: KEPT_TYPES.test(node.contentType || 'text/plain') ? [] : undefined,
    };
    this.#open.push(part);
    this.#byNode.set(node, part);
  }

  /** Octets of a part, or of what stands between parts. */
  #content(part: OpenPart | undefined, octets: Buffer): void {
    const start = this.#seen;
    this.#seen += octets.length;
    if (part === undefined || part.hasChildren) return;
    if (part.size === 0 && part.end === part.start) part.start = start;
    part.end = this.#seen;
    this.#keep(part, part.decoder.push(octets));
  }

  #keep(part: OpenPart, decoded: Buffer): void {
    part.size += decoded.length;
    const room = TEXT_BYTES_MAX - this.#keptSize;
    if (part.kept === undefined || room <= 0 || decoded.length === 0) return;
    if (ENCLOSED.test(part.contentType) && part.size > ENCLOSED_BYTES_MAX) return;
    const piece = compact(decoded.subarray(0, room));
    part.kept.push(piece);
    this.#keptSize += piece.length;
  }

  #giveUp(reason: string): void {
    this.#malformed ??= reason;
    this.#open.length = 0;
    this.#byNode.clear();
  }

  #asOneText(malformed: string): Structure {
    const octets = Buffer.concat(this.#beginning).subarray(this.#header.length);
    const size = this.#given - this.#header.length;
    const part = { ...PLAIN_TEXT, start: this.#header.length, end: this.#given, size, octets };
    return { headers: this.#headers, header: this.#header, size: this.#given, parts: [part], malformed };
  }
}

/** What people read, JSON between agents, and what reports say. A multipart is kept as text in case that it has no parts. */
const KEPT_TYPES = /^(?:text\/(?:plain|html)|application\/json|multipart\/.*)$|^message\/|^text\/rfc822-headers$/;
/** The beginning of what a report encloses is all that is looked at. */
const ENCLOSED = /^message\/|^text\/rfc822-headers$/;
const ENCLOSED_BYTES_MAX = 64 * 1024;

const PLAIN_TEXT = {
  number: '1',
  contentType: 'text/plain',
  charset: undefined,
  encoding: 'identity',
  disposition: undefined,
  filename: undefined,
  contentId: undefined,
  isFlowed: false,
  deletesSpace: false,
} as const;

function closed(part: OpenPart): Part {
  const { hasChildren: _, isMultipart, decoder: __, kept, ...described } = part;
  const octets = kept?.length === 1 ? kept[0] : kept && Buffer.concat(kept);
  return { ...described, ...(isMultipart ? { contentType: 'text/plain' } : {}), octets };
}

/** A copy of what is a small piece of something, which would stay in memory as a whole. */
function compact(piece: Buffer): Buffer {
  return 2 * piece.length < piece.buffer.byteLength ? Buffer.from(piece) : piece;
}

function depthOf(node: MimeNode): number {
  let depth = 0;
  for (let above = node.parentNode; above !== false; above = above.parentNode) depth++;
  return depth;
}

function numberOf(node: MimeNode): string {
  const numbers = (node.partNr || []).filter((one) => one !== 'TEXT');
  return numbers.length === 0 ? '1' : numbers.join('.');
}

function bounded(value: string | false | undefined): string | undefined {
  return value === undefined || value === false || value === '' ? undefined : value.slice(0, VALUE_CHARACTERS_MAX);
}
