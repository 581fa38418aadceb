// A message's bytes, by nodemailer's composer. It is handed objects only, never text that it would parse as a list of addresses,
// and may read no file and fetch no URL. Short plain text, by far the commonest message, is composed without streams: its header lines
// are the composer's, its body is encoded here by the same rules, which costs a tenth. Long text is encoded piece by piece, as it is sent,
// with turns for others in between.
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import DKIM from 'nodemailer/lib/dkim';
import MailComposer from 'nodemailer/lib/mail-composer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import * as qp from 'nodemailer/lib/qp';
import { parseAddress } from '../../../mesh/address/parse.ts';
import type { DkimKey } from '../account.ts';
import { typeOfFile } from '../attachments/content-type.ts';
import type { AttachmentPart, Mailbox, MessageContent } from '../message.ts';
import { isPlainAddress, plainHeaders } from './plain-headers.ts';

export interface ComposeOptions {
  /** ISO 8601: the Date header, the moment at which it is sent. */
  readonly date: string;
  /** The octets of an attachment. */
  open(attachment: AttachmentPart): Readable;
  readonly dkim?: DkimKey | undefined;
}

/** A composed message: bytes when it is small, a stream when it has attachments. */
export type Composed = { readonly bytes: Buffer } | { readonly stream: Readable };

/** RFC 5322 §2.1.1: a longer line is not allowed on the wire. */
const LINE_OCTETS_MAX = 998;
/** Octets that are encoded in one go, which takes a millisecond or two. */
const PIECE_BYTES = 16 * 1_024;
/** Digits of a hash within the boundaries between parts. */
const BOUNDARY_DIGITS = 32;
/** Fields that a signature speaks of, where they are there (RFC 6376 §5.4.1; of the last, RFC 8058 §4). */
const SIGNED: readonly string[] = [
  ...['From', 'Sender', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'To', 'Cc', 'MIME-Version', 'Content-Type'],
  ...['Content-Transfer-Encoding', 'Content-ID', 'Content-Description', 'In-Reply-To', 'References', 'List-Id'],
  ...[
    'List-Help',
    'List-Unsubscribe',
    'List-Subscribe',
    'List-Post',
    'List-Owner',
    'List-Archive',
    'List-Unsubscribe-Post',
  ],
];
const CLOSED = { disableFileAccess: true, disableUrlAccess: true } as const;

/** Gives the same octets for the same content and date, but for a signature. */
export function compose(content: MessageContent, { date: ofAttempt, open, dkim }: ComposeOptions): Composed {
  const date = content.date ?? ofAttempt;
  const isPlain = content.html === undefined && content.payload === undefined && content.attachments.length === 0;
  const composed: Composed =
    isPlain && content.text.length <= PIECE_BYTES
      ? { bytes: composePlain(content, date) }
      : { stream: composeParts(content, date, open) };
  if (dkim === undefined) return composed;
  const signer = new DKIM({
    domainName: dkim.domain,
    keySelector: dkim.selector,
    privateKey: dkim.privateKey.reveal(),
    headerFieldNames: SIGNED.join(':'),
  });
  return { stream: signer.sign('bytes' in composed ? composed.bytes : composed.stream) };
}

/** An address as it stands in an envelope: A-labels wherever the local part allows, so that SMTPUTF8 is seldom needed. */
export function envelopeAddress(address: string): { readonly address: string; readonly smtputf8: boolean } {
  if (isPlainAddress(address)) return { address, smtputf8: false };
  const parsed = parseAddress(address, {
    allowQuotedLocal: true,
    globallyDeliverable: false,
    allowSingleLabel: true,
    allowDomainLiteral: true,
  });
  if (!parsed.valid) throw new Error(`'${address}' was stored as an address but is none.`);
  return parsed.asciiEmail === null
    ? { address: parsed.normalized, smtputf8: true }
    : { address: parsed.asciiEmail, smtputf8: false };
}

function composePlain(content: MessageContent, date: string): Buffer {
  const is7bit = isSevenBit(content.text);
  const encoding = is7bit ? '7bit' : 'quoted-printable';
  const headers = plainHeaders(content, dateOf(date), encoding) ?? composedHeaders(content, date, encoding);
  const body = is7bit ? content.text : qp.wrap(qp.encode(content.text));
  return Buffer.from(`${headers}\r\n\r\n${body}${body.endsWith('\r\n') ? '' : '\r\n'}`);
}

function composedHeaders(content: MessageContent, date: string, encoding: string): string {
  // The message has one part, so it needs no random boundary.
  const node = new MimeNode('text/plain; charset=utf-8', { ...CLOSED, baseBoundary: 'none' });
  encodeLookAlikes(node as unknown as HeaderWriter);
  node.setHeader([...headersOf(content, date), { key: 'Content-Transfer-Encoding', value: encoding }]);
  return node.buildHeaders();
}

/** Printable ASCII in lines of CRLF that every server takes as they are. */
function isSevenBit(text: string): boolean {
  if (!/^[\t\r\n\x20-\x7e]*$/.test(text)) return false;
  let start = 0;
  for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n', start)) {
    if (end - start > LINE_OCTETS_MAX) return false;
    start = end + 2;
  }
  return text.length - start <= LINE_OCTETS_MAX;
}

function composeParts(content: MessageContent, date: string, open: ComposeOptions['open']): Readable {
  const { html, payload } = content;
  const attachments = content.attachments.map((part) => ({
    filename: part.filename,
    content: open(part),
    contentType: part.contentType ?? typeOfFile(part.filename),
    ...(part.disposition === undefined ? {} : { contentDisposition: part.disposition }),
    ...(part.contentId === undefined ? {} : { cid: part.contentId }),
  }));
  const json =
    payload === undefined
      ? []
      : [{ filename: 'payload.json', contentType: 'application/json', content: inPieces(JSON.stringify(payload)) }];
  const composer = new MailComposer({
    ...CLOSED,
    text: textPart(content.text),
    ...(html === undefined ? {} : { html: textPart(html) }),
    attachments: [...json, ...attachments],
    // What nobody could know before who wrote the parts: the Message-ID is made when they are sent.
    baseBoundary: hash('sha256', content.messageId).slice(0, BOUNDARY_DIGITS),
  });
  const node = composer.compile();
  encodeLookAlikes(node as unknown as HeaderWriter);
  node.setHeader(headersOf(content, date));
  return node.createReadStream();
}

function textPart(text: string): string | { readonly content: Readable } {
  return text.length <= PIECE_BYTES ? text : { content: inPieces(text) };
}

function inPieces(text: string): Readable {
  return Readable.from(piecesOf(Buffer.from(text)), { objectMode: false });
}

async function* piecesOf(octets: Buffer): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < octets.byteLength; at += PIECE_BYTES) {
    if (at > 0) await nextTurn();
    yield octets.subarray(at, at + PIECE_BYTES);
  }
}

/** Methods of nodemailer's node that write header values and that its types leave out. */
interface HeaderWriter {
  /** A value, or the name of a file. */
  _encodeWords(text: string): string;
  /** The name beside an address. */
  _encodeAddressName(name: string): string;
  readonly childNodes: readonly HeaderWriter[];
}

/**
 * Text that has the form of an encoded-word (RFC 2047 §7) would be read as what it encodes, so it is encoded itself; the composer
 * leaves it as it is. Readers are lenient about that form, so it is taken widely.
 */
const LOOKS_ENCODED = /=\?.*\?=/;
const ENCODED_CHARACTERS_MAX = 52;

function encodeLookAlikes(node: HeaderWriter): void {
  for (const method of ['_encodeWords', '_encodeAddressName'] as const) {
    const asIs = node[method].bind(node);
    node[method] = (text) => (LOOKS_ENCODED.test(text) ? encodeWord(text, 'Q', ENCODED_CHARACTERS_MAX) : asIs(text));
  }
  for (const child of node.childNodes) encodeLookAlikes(child);
}

interface Header {
  readonly key: string;
  readonly value: string | { readonly name: string; readonly address: string }[];
}

function headersOf(content: MessageContent, date: string): Header[] {
  const { from, to, cc, replyTo, subject, messageId, inReplyTo, references, headers, payload } = content;
  const lists: readonly (readonly [string, readonly Mailbox[]])[] = [
    ['From', [from]],
    ['To', to],
    ['Cc', cc],
    ['Reply-To', replyTo],
  ];
  const isAutomatic = payload !== undefined && !headers.some(([name]) => name === 'Auto-Submitted');
  const lines: (readonly [string, string | undefined])[] = [
    ['Subject', subject],
    ['Message-ID', messageId],
    ['Date', dateOf(date)],
    ['In-Reply-To', inReplyTo],
    ['References', references.length === 0 ? undefined : references.join(' ')],
    ['Auto-Submitted', isAutomatic ? 'auto-generated' : undefined],
    ...headers,
  ];
  return [
    ...lists
      .filter(([, mailboxes]) => mailboxes.length > 0)
      .map(([key, mailboxes]) => ({ key, value: mailboxes.map(mailboxOf) })),
    ...lines.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
  ];
}

/** RFC 5322 §3.3, in UTC. */
function dateOf(iso: string): string {
  return new Date(iso).toUTCString().replace('GMT', '+0000');
}

function mailboxOf({ name, address }: Mailbox): { name: string; address: string } {
  return { name, address: envelopeAddress(address).address };
}
