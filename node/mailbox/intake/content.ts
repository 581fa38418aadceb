// What a mail says, made once of its structure for all who get it: who wrote to whom, the words, what it hides, the files that it carries.
import { createHash } from 'node:crypto';
import type { MailContent, MailPart } from '../message.ts';
import { decodedText } from '../text/charset.ts';
import { extractedText } from '../text/extract.ts';
import { extractedHtml } from '../text/extract-html.ts';
import { unflowed } from '../text/flowed.ts';
import { textOfHtml } from '../text/from-html.ts';
import { type Shown, withoutInvisible } from '../text/hidden.ts';
import { previewOf } from '../text/preview.ts';
import { firstField, type HeaderField } from './header-fields.ts';
import { decodedLine, mailboxesOf, onOneLine } from './mail-addresses.ts';
import type { Part, Structure } from './structure.ts';

/** Message ids of each field; of References the last ones, which are the nearest. */
const IDS_MAX = 50;
const ID = /<[^<>\s]{1,996}>/g;
/** Octets of JSON that is shown with the mail, and how deep it may be: programs that read deeper JSON fall over it. */
const PAYLOAD_BYTES_MAX = 256 * 1024;
const PAYLOAD_DEPTH_MAX = 100;
const SUBJECT_CHARACTERS_MAX = 2_000;
/** Characters of the header fields that are shown with a mail, of one and of all. */
const FIELD_CHARACTERS_MAX = 8 * 1024;
const FIELDS_CHARACTERS_MAX = 64 * 1024;

/** What the payload of a mail of this program is called (node/send/smtp/composer.ts). */
const PAYLOAD_FILE = 'payload.json';

/** `authservId`: this host's, whose verdicts a sender can't give itself (RFC 8601 §5). */
export function contentOf(structure: Structure, authservId: string): MailContent {
  const { headers, parts } = structure;
  const [from] = mailboxesOf(values(headers, 'from').slice(0, 1));
  const shown = (name: string) => mailboxesOf(values(headers, name)).map((one) => one.shown);
  const subject = subjectIn(headers);
  const words = wordsOf(parts);
  const [headerId] = idsIn(values(headers, 'message-id').slice(0, 1));
  return {
    ...{ headerId, from: from?.shown ?? '', fromAddress: from?.address },
    ...{ to: shown('to'), cc: shown('cc'), bcc: shown('bcc'), replyTo: shown('reply-to') },
    subject: subject?.text,
    ...{ ...words, hiddenText: words.hiddenText || subject?.hasHidden === true },
    payload: payloadOf(parts),
    inReplyTo: idsIn(values(headers, 'in-reply-to')).slice(0, IDS_MAX),
    references: idsIn(values(headers, 'references')).slice(-IDS_MAX),
    headers: shownFields(headers, authservId),
    parts: parts.filter((part) => !isBody(part)).map(attachment),
  };
}

/** An agent reads it beside the text, so what hides there is left out, too. */
function subjectIn(headers: readonly HeaderField[]): Shown | undefined {
  const subject = firstField(headers, 'subject');
  return subject === undefined ? undefined : withoutInvisible(decodedLine(subject).slice(0, SUBJECT_CHARACTERS_MAX));
}

type Words = Pick<MailContent, 'text' | 'html' | 'extractedText' | 'extractedHtml' | 'preview' | 'hiddenText'>;

function wordsOf(parts: readonly Part[]): Words {
  const bodies = parts.filter(isBody);
  const html = bodies.filter(({ contentType }) => contentType === 'text/html').map(textIn);
  const plain = bodies.filter(({ contentType }) => contentType !== 'text/html').map(textIn);
  const ofHtml = html.map(textOfHtml);
  const words = joined(plain);
  const { text, hasHidden } = withoutInvisible(words ?? joined(ofHtml.map((one) => one.text)) ?? '');
  const whole = html.join('\n');
  const ownHtml = extractedHtml(whole);
  const isCut = words === undefined && ownHtml !== whole;
  const own = (isCut && ownTextOf(ownHtml)) || extractedText(text);
  return {
    text: text === '' ? undefined : text,
    html: joined(html),
    extractedText: text === '' ? undefined : own,
    extractedHtml: html.length === 0 ? undefined : ownHtml,
    preview: previewOf(own),
    hiddenText: hasHidden || ofHtml.some((one: Shown) => one.hasHidden),
  };
}

/** The text of what HTML itself says is no quote, which its whole text does not show any more. */
function ownTextOf(html: string): string {
  return extractedText(withoutInvisible(textOfHtml(html).text).text);
}

function joined(texts: readonly string[]): string | undefined {
  const all = texts.map((text) => text.trimEnd()).filter((text) => text !== '');
  return all.length === 0 ? undefined : all.join('\n\n');
}

/** Shown as the mail itself, and not as a file that comes with it. */
function isBody({ contentType, disposition, filename }: Part): boolean {
  const isText = contentType === 'text/plain' || contentType === 'text/html';
  return isText && disposition !== 'attachment' && filename === undefined;
}

function textIn({ octets = Buffer.alloc(0), charset, contentType, isFlowed, deletesSpace }: Part): string {
  const text = decodedText(octets, charset).replaceAll('\0', '\ufffd');
  if (contentType === 'text/html') return text;
  return isFlowed ? unflowed(text, deletesSpace) : text.replaceAll('\r\n', '\n');
}

/** The JSON that one agent sends another beside the readable text. What is larger or deeper stays an attachment. */
function payloadOf(parts: readonly Part[]): string | undefined {
  const part = parts.find(
    ({ contentType, filename }) =>
      contentType === 'application/json' && (filename === undefined || filename === PAYLOAD_FILE),
  );
  if (part?.octets === undefined || part.octets.length !== part.size) return undefined;
  if (part.size > PAYLOAD_BYTES_MAX || isDeep(part.octets)) return undefined;
  const text = decodedText(part.octets, 'utf-8');
  try {
    JSON.parse(text);
    return text;
  } catch {
    // Called JSON and is none: it stays an attachment.
    return undefined;
  }
}

/** More brackets are open at one place than may be; those within texts count, too. */
function isDeep(json: Uint8Array): boolean {
  let depth = 0;
  for (const octet of json) {
    if (octet === OPEN[0] || octet === OPEN[1]) depth += 1;
    else if (octet === CLOSE[0] || octet === CLOSE[1]) depth -= 1;
    if (depth > PAYLOAD_DEPTH_MAX) return true;
  }
  return false;
}

const [OPEN, CLOSE] = [Buffer.from('[{'), Buffer.from(']}')];

function attachment(part: Part): MailPart {
  const { number, filename, contentType, disposition, contentId, encoding, start, end, size } = part;
  const known = createHash('sha256')
    .update(JSON.stringify([start, end, size, filename]))
    .digest('hex')
    .slice(0, 8);
  return {
    attachmentId: `${number}-${known}`,
    filename: filename && withoutInvisible(onOneLine(filename)).text,
    ...{ contentType, contentId, encoding, start, end, size },
    disposition: disposition === 'inline' ? 'inline' : 'attachment',
  };
}

function values(headers: readonly HeaderField[], name: string): readonly string[] {
  return headers.filter((field) => field.name.toLowerCase() === name).map(({ value }) => value);
}

function idsIn(fields: readonly string[]): readonly string[] {
  return fields.flatMap((value) => value.match(ID) ?? []);
}

/** Fields as they came, the first of each name; without what only this host may say. */
function shownFields(headers: readonly HeaderField[], authservId: string): Readonly<Record<string, string>> {
  const shown = new Map<string, readonly [name: string, value: string]>();
  let characters = 0;
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    if (shown.has(key) || key.startsWith('x-mesh-') || isVerdictOf(authservId, key, value)) continue;
    const cut = value.slice(0, FIELD_CHARACTERS_MAX);
    characters += name.length + cut.length;
    if (characters > FIELDS_CHARACTERS_MAX) break;
    shown.set(key, [name, cut]);
  }
  return Object.fromEntries(shown.values());
}

function isVerdictOf(authservId: string, name: string, value: string): boolean {
  if (name !== 'authentication-results' && name !== 'arc-authentication-results') return false;
  return value.toLowerCase().includes(authservId.toLowerCase());
}
