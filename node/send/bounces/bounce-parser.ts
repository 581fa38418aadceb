// Delivery status notifications (RFC 3464, with the headers of RFC 6533) as mail systems write them, which is not always as the
// RFC has them, nor always one at all (plain-bounces.ts). A bounce may be written to do harm, and the parser of mail is not made for that.
// So it is called through bounce-reader.ts, which does so on a thread of its own and not for long.
import PostalMime, { type Email } from 'postal-mime';
import { printable } from '../header-text.ts';
import { RECIPIENTS_MAX } from '../limits.ts';
import { type BouncedRecipient, type BounceReport, exactly } from './bounce-report.ts';
import { type Fields, fieldGroups, headersOf } from './field-groups.ts';
import { parsePlainBounce } from './plain-bounces.ts';

/** A delivery status notification as it was received, with the message it returns. */
export const BOUNCE_BYTES_MAX = 2 * 1_024 * 1_024;

/**
 * What a bounce says is at its beginning (a hundred recipients take a thousand lines); after it comes the returned message.
 * Each line costs 10 µs, and a message of 2 MiB can have two million.
 */
const LINES_READ_MAX = 10_000;
const LINE_FEED = 10;
const ADDRESS_CHARACTERS_MAX = 1_024;
/** The content types of RFC 3464 §2 and RFC 6533 §6, and the variants that systems use beside them. */
const STATUS_PART = /^message\/(?:global-)?delivery-status$/;
const RETURNED_PART = /^(?:message|text)\/(?:rfc822|global|partial)(?:-headers)?$/;

/** `undefined` when it is no bounce, or larger than one may be. Never throws. */
export async function parseBounce(raw: Uint8Array): Promise<BounceReport | undefined> {
  if (raw.byteLength > BOUNCE_BYTES_MAX) return undefined;
  try {
    const mail = await PostalMime.parse(beginningOf(raw), {
      attachmentEncoding: 'arraybuffer',
      rfc822Attachments: true,
      forceRfc822Attachments: true,
    });
    const parts = mail.attachments.map(({ mimeType, content }) => ({
      type: mimeType.toLowerCase(),
      text: typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('utf8'),
    }));
    const report = parts.find(({ type }) => STATUS_PART.test(type));
    if (report === undefined) return inWords(mail);
    const { message, recipients: groups } = fieldGroups(report.text);
    const recipients = groups.flatMap(recipientOf).slice(0, RECIPIENTS_MAX);
    if (recipients.length === 0) return undefined;
    const returned = parts.find(({ type }) => RETURNED_PART.test(type));
    const id = headersOf(returned?.text ?? '')['message-id'] ?? idBeside(message, mail);
    return { ...named(id), recipients };
  } catch {
    // Nobody could act on a text that can't be parsed, so the caller is told that it is no bounce.
    return undefined;
  }
}

function inWords(mail: Email): BounceReport | undefined {
  const bounce = parsePlainBounce(mail.text ?? '');
  if (bounce === undefined) return undefined;
  const id = headersOf(bounce.returned)['message-id'] ?? idBeside({}, mail);
  return { ...named(id), recipients: bounce.recipients };
}

/** Comments may stand beside a Message-ID (RFC 5322 §3.6.4). */
function named(id: string | undefined): { readonly messageId?: string } {
  return id === undefined ? {} : { messageId: printable(/<[^<>]+>/.exec(id)?.[0] ?? id) };
}

/** Where the message was not returned, systems name it in a field of their own, or answer it as a person would. */
function idBeside(message: Fields, { inReplyTo, references }: Email): string | undefined {
  const envelope = message['original-envelope-id'];
  return (
    message['x-original-message-id'] ??
    (envelope?.startsWith('<') ? envelope : undefined) ??
    inReplyTo ??
    references?.split(/\s+/).at(-1) ??
    envelope
  );
}

function beginningOf(raw: Uint8Array): Uint8Array {
  let end = 0;
  for (let lines = 0; lines < LINES_READ_MAX; lines += 1) {
    end = raw.indexOf(LINE_FEED, end) + 1;
    if (end === 0) return raw;
  }
  return raw.subarray(0, end);
}

const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;

function recipientOf(fields: Fields): readonly BouncedRecipient[] {
  const [address, ...alternatives] = new Set([
    ...addressesOf(fields['original-recipient']),
    ...addressesOf(fields['final-recipient']),
  ]);
  const [action, actionComment] = withoutComments(fields.action ?? '');
  const [status, statusComment] = withoutComments(fields.status ?? '');
  const code = codeIn(status) ?? codeOfReply(fields['diagnostic-code'] ?? '');
  const known = actionOf(action.toLowerCase(), code);
  if (address === undefined || known === undefined || code === undefined) return [];
  const said = [fields['diagnostic-code'], statusComment, actionComment].find(
    (text) => text !== undefined && text !== '',
  );
  return [
    {
      address,
      action: known,
      status: exactly(code, said),
      ...(alternatives.length === 0 ? {} : { alternatives }),
      ...(said === undefined ? {} : { diagnostic: printable(said) }),
    },
  ];
}

function codeIn(text: string): string | undefined {
  return /(?<![\d.])[245]\.\d{1,3}\.\d{1,3}/.exec(text)?.[0];
}

/** The code in the next server's reply, for a recipient without a status: its enhanced code, or one made of its reply code. */
function codeOfReply(diagnostic: string): string | undefined {
  const [, reply] = /(?<![\d.])([245])\d\d(?![\d.])/.exec(diagnostic) ?? [];
  return codeIn(diagnostic) ?? (reply === undefined ? undefined : `${reply}.0.0`);
}

function actionOf(action: string, code: string | undefined): BouncedRecipient['action'] | undefined {
  if (action === '' && code?.startsWith('5')) return 'failed';
  return action.startsWith('fail') ? 'failed' : ACTIONS.find((one) => action.startsWith(one));
}

/**
 * What `rfc822; a@x.com` may name, the likeliest first: in xtext (RFC 3461 §4) or plain, and `utf-8; ä@x.com` in its own xtext
 * (RFC 6533 §3) or plain. Nothing says which, and `ann+2026@x.com` is an address too: so of xtext only that is decoded at
 * first which has to be written so in an address without quotes. Systems leave the type out, or the address.
 */
function addressesOf(field: string | undefined): readonly string[] {
  if (field === undefined || field.length > ADDRESS_CHARACTERS_MAX) return [];
  const [, type = 'rfc822', text = field] = /^\s*([\w-]+)\s*;(.*)$/s.exec(field) ?? [];
  if (/^x-?400$/i.test(type)) return [];
  const written = withoutComments(text)[0]
    .replace(/^[^<>]*<(.*)>$/s, '$1')
    .replace(/\.$/, '');
  if (!/^.+@.+$/s.test(written)) return [];
  const plain = type.toLowerCase() === 'utf-8' ? written.replace(/\\x\{([0-9A-F]{2,6})\}/g, characterOf) : written;
  const decoded = plain.replace(/\+([0-9A-F]{2})/g, characterOf);
  return plain.startsWith('"') ? [decoded, plain] : [plain.replace(/\+(2B|3D)/g, characterOf), plain, decoded];
}

/** A sequence that encodes no character stays as it is written. */
function characterOf(written: string, hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10_ff_ff ? written : String.fromCodePoint(code);
}

/** A field's value, and what stood in comments (RFC 5322 §3.2.2), which may be nested; none begins in a quoted string. */
function withoutComments(text: string): readonly [value: string, comment: string] {
  let [value, comment] = ['', ''];
  let [depth, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const isPair = text[at] === '\\';
    const character = text.slice(at, isPair ? at + 2 : at + 1);
    if (isPair) at += 1;
    else if (character === '"' && depth === 0) isQuoted = !isQuoted;
    else if (character === '(' && !isQuoted) depth += 1;
    if (depth === 0) value += character;
    else comment += character;
    if (character === ')' && !isQuoted && depth > 0) depth -= 1;
  }
  return [value.trim(), comment.replace(/^\(|\)$/g, '').trim()];
}
