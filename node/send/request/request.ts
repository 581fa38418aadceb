// A request to send, checked at the door: what passes is one message with parsed mailboxes, known headers and attachments given
// by content. Nothing that names a file or a URL is a field here, so nothing can be read on a caller's behalf.
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { boundedRecord } from '../../../mesh/json/bounded-record.ts';
import { SpooledContent } from '../attachments/blob-store.ts';
import { isStructured } from '../attachments/content-type.ts';
import { refuseLineBreaks } from '../header-text.ts';
import {
  ATTACHMENTS_MAX,
  HEADER_VALUE_CHARACTERS_MAX,
  LIFETIME_MS_MAX,
  LIFETIME_MS_MIN,
  MESSAGE_ATTACHMENTS_BYTES_MAX,
  RECIPIENTS_MAX,
} from '../limits.ts';
import type { AttachmentPart, Mailbox, MessageContent } from '../message.ts';
import { fingerprintOf } from './fingerprint.ts';
import { parseHeaders } from './headers.ts';
import { type MailboxRules, mailboxKey, parseMailbox } from './mailboxes.ts';

/** Text and HTML, each. */
export const BODY_BYTES_MAX = 2 * 1_024 * 1_024;
/** A message's payload, as JSON. */
const PAYLOAD_BYTES_MAX = 1_024 * 1_024;
/** Message ids of `references`. */
const REFERENCES_MAX = 50;
/** The filename of an attachment. */
const FILENAME_CHARACTERS_MAX = 255;
/** The `Idempotency-Key` of a request. */
const IDEMPOTENCY_KEY_CHARACTERS_MAX = 256;
/** `sendAt` lies at most this far ahead. */
const SEND_AHEAD_MS_MAX = 30 * 24 * 60 * 60 * 1_000;

const mailbox = z.union(
  [z.string().max(2_000), z.strictObject({ name: z.string().optional(), address: z.string().max(2_000) })],
  { error: 'must be "a@x.com", "Name <a@x.com>" or {"name","address"}' },
);
const mailboxes = z.union([mailbox, z.array(mailbox).max(RECIPIENTS_MAX)], {
  error: `must be an address, or a list of at most ${RECIPIENTS_MAX}`,
});
/** What stands in angle brackets, of printable ASCII. Ids that large senders make are outside of RFC 5322 §3.6.4, and an answer quotes them as they are. */
const MESSAGE_ID = /^<[\x21-\x3b\x3d\x3f-\x7e]+>$/;
const messageId = z
  .string()
  .max(HEADER_VALUE_CHARACTERS_MAX)
  .regex(MESSAGE_ID, 'must be a message id in angle brackets, like <id@x.com>');
/** Headers that are looked at to say what is wrong with them. */
const HEADERS_READ_MAX = 500;
const CONTENT_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export const attachment = z.strictObject(
  {
    filename: z.string().min(1).max(FILENAME_CHARACTERS_MAX),
    content: z.instanceof(SpooledContent).optional(),
    blob: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 that POST /api/email/blobs answered')
      .optional(),
    contentType: z
      .string()
      .regex(CONTENT_TYPE, 'must be type/subtype, without parameters')
      .refine((type) => !isStructured(type), 'must not be multipart/… or message/…: use application/octet-stream')
      .optional(),
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type'
        ? 'must be {"filename","content"} with content in base64, or {"filename","blob"}: files are attached by content, never by path or URL'
        : undefined,
  },
);

/** `POST /api/email/send`, after the contents of attachments were put away (http/send-body.ts). */
export const sendRequest = z.strictObject({
  from: mailbox.optional(),
  agentId: z.string().max(128).optional(),
  to: mailboxes,
  subject: z.string().max(HEADER_VALUE_CHARACTERS_MAX),
  body: z.string().optional(),
  html: z.string().optional(),
  cc: mailboxes.optional(),
  bcc: mailboxes.optional(),
  replyTo: mailboxes.optional(),
  headers: boundedRecord(z.record(z.string(), z.string()), HEADERS_READ_MAX).optional(),
  attachments: z.array(attachment).max(ATTACHMENTS_MAX).optional(),
  /** JSON it is already, having come as a part of the body; looking at each of its values again took a second for a large one. */
  payload: z.unknown().optional(),
  inReplyTo: messageId.optional(),
  references: z.array(messageId).max(REFERENCES_MAX).optional(),
  sendAt: z.iso.datetime({ offset: true, error: 'must be a time like 2026-01-27T12:00:00Z' }).optional(),
  lifetimeSeconds: z
    .int()
    .min(LIFETIME_MS_MIN / 1_000)
    .max(LIFETIME_MS_MAX / 1_000)
    .optional(),
  idempotencyKey: z.string().min(1).max(IDEMPOTENCY_KEY_CHARACTERS_MAX).optional(),
  wait: z.boolean().optional(),
});

/** A request that can be sent as it is, but for who sends it. */
export interface SendRequest
  extends Pick<
    MessageContent,
    'to' | 'cc' | 'bcc' | 'replyTo' | 'subject' | 'text' | 'headers' | 'attachments' | 'references'
  > {
  readonly from: Mailbox | undefined;
  readonly agentId: string | undefined;
  readonly html: string | undefined;
  readonly payload: unknown;
  readonly inReplyTo: string | undefined;
  readonly sendAtMs: number | undefined;
  readonly lifetimeMs: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly wait: boolean;
  /** Equal for two requests just when they ask for the same message; made when it is asked for, since few requests have a key. */
  readonly fingerprint: () => string;
}

export interface RequestRules extends MailboxRules {
  /** Wall clock. */
  readonly nowMs: number;
  /** Octets of a stored blob; `undefined` when there is none. */
  bytesOf(blob: string): number | undefined;
}

/** Throws `invalid_request` or `invalid_address`, naming the field. */
export function parseSendRequest(input: z.output<typeof sendRequest>, rules: RequestRules): SendRequest {
  refuseLineBreaks(input.subject, 'subject');
  if (input.agentId !== undefined) refuseLineBreaks(input.agentId, 'agentId');
  if (input.idempotencyKey !== undefined) refuseLineBreaks(input.idempotencyKey, 'idempotencyKey');
  const seen = new Set<string>();
  const to = recipients(input.to, 'to', rules, seen);
  if (to.length === 0) throw invalid('to', "'to' is empty; a message needs at least one recipient there");
  const cc = recipients(input.cc, 'cc', rules, seen);
  const bcc = recipients(input.bcc, 'bcc', rules, seen);
  if (seen.size > RECIPIENTS_MAX)
    throw invalid('to', `the message has ${seen.size} recipients; at most ${RECIPIENTS_MAX} are allowed`);
  const { wait = false, idempotencyKey, ...content } = input;
  return {
    from: input.from === undefined ? undefined : parseMailbox(input.from, 'from', { ...rules, isOwned: true }),
    agentId: input.agentId,
    to,
    cc,
    bcc,
    replyTo: recipients(input.replyTo, 'replyTo', rules, new Set()),
    subject: input.subject,
    ...bodiesOf(input),
    headers: parseHeaders(input.headers ?? {}),
    attachments: attachmentsOf(input.attachments ?? [], rules),
    payload: input.payload,
    inReplyTo: input.inReplyTo,
    references: input.references ?? [],
    sendAtMs: sendAtOf(input.sendAt, rules.nowMs),
    lifetimeMs: input.lifetimeSeconds === undefined ? undefined : input.lifetimeSeconds * 1_000,
    idempotencyKey,
    wait,
    fingerprint: () => fingerprintOf(content),
  };
}

function recipients(
  input: z.output<typeof mailboxes> | undefined,
  field: string,
  rules: MailboxRules,
  seen: Set<string>,
): readonly Mailbox[] {
  if (input === undefined) return [];
  const list = Array.isArray(input) ? input : [input];
  const parsed = list.map((one, at) => parseMailbox(one, Array.isArray(input) ? `${field}[${at}]` : field, rules));
  return parsed.filter(({ address }) => {
    const key = mailboxKey(address);
    return !seen.has(key) && seen.add(key);
  });
}

/** The text with line ends of CRLF. Throws `invalid_request` naming the field when mail can't carry it. */
export function bodyText(text: string, field: string): string {
  if (text.includes('\0')) throw invalid(field, `'${field}' has a NUL, which mail can't carry`);
  if (/\p{Cs}/u.test(text)) throw invalid(field, `'${field}' has half of a surrogate pair, which is no text`);
  if (Buffer.byteLength(text) > BODY_BYTES_MAX)
    throw invalid(field, `'${field}' is larger than ${BODY_BYTES_MAX} octets; attach what is longer`);
  return withCrlf(text);
}

/** Throws `invalid_request`. */
export function refuseLargePayload(payload: unknown): void {
  if (Buffer.byteLength(JSON.stringify(payload)) > PAYLOAD_BYTES_MAX)
    throw invalid('payload', `'payload' is larger than ${PAYLOAD_BYTES_MAX} octets as JSON`);
}

/** A body given by the payload alone is a line that says so. */
function bodiesOf({ body, html, payload, attachments }: z.output<typeof sendRequest>) {
  const bodies = {
    ...(body === undefined ? {} : { text: bodyText(body, 'body') }),
    html: html === undefined ? undefined : bodyText(html, 'html'),
  };
  if (body === undefined && payload === undefined)
    throw invalid('body', "'body' is missing: give the text of the message, or a 'payload'");
  if (!body && !html && payload === undefined && !attachments?.length)
    throw invalid('body', "the message is empty: give a 'body', 'html', 'payload' or 'attachments'");
  if (payload !== undefined) refuseLargePayload(payload);
  return { text: TEXT_OF_PAYLOAD, ...bodies };
}

/** What people read of a message that has nothing but JSON. */
export const TEXT_OF_PAYLOAD = 'This message carries data for a program: see the attached JSON.';

const [CR, LF] = [0x0d, 0x0a];

/** Octet by octet: a text of two million line ends took a regular expression a quarter of a second. */
function withCrlf(text: string): string {
  if (!/[\r\n]/.test(text)) return text;
  const octets = Buffer.from(text);
  const mended = Buffer.allocUnsafe(octets.length * 2);
  let length = 0;
  for (let at = 0; at < octets.length; at += 1) {
    const octet = octets[at] as number;
    if (octet === CR || octet === LF) {
      mended[length] = CR;
      length += 1;
      mended[length] = LF;
      if (octet === CR && octets[at + 1] === LF) at += 1;
    } else mended[length] = octet;
    length += 1;
  }
  return mended.toString('utf8', 0, length);
}

function attachmentsOf(list: readonly z.output<typeof attachment>[], rules: RequestRules): readonly AttachmentPart[] {
  let total = 0;
  const parts = list.map(({ filename, content, blob, contentType }, at): AttachmentPart => {
    const field = `attachments[${at}]`;
    refuseLineBreaks(filename, `${field}.filename`);
    if ((content === undefined) === (blob === undefined))
      throw invalid(field, `'${field}' needs 'content' (base64) or 'blob' (of POST /api/email/blobs), one of the two`);
    const name = content?.blob ?? blob ?? '';
    const bytes = content?.bytes ?? rules.bytesOf(name);
    if (bytes === undefined)
      throw invalid(`${field}.blob`, `'${field}.blob' is not stored here; upload it by POST /api/email/blobs first`);
    total += bytes;
    return { filename, blob: name, bytes, ...(contentType === undefined ? {} : { contentType }) };
  });
  if (total > MESSAGE_ATTACHMENTS_BYTES_MAX)
    throw invalid(
      'attachments',
      `'attachments' are ${total} octets together; at most ${MESSAGE_ATTACHMENTS_BYTES_MAX} are allowed`,
    );
  return parts;
}

function sendAtOf(sendAt: string | undefined, nowMs: number): number | undefined {
  if (sendAt === undefined) return undefined;
  const atMs = Date.parse(sendAt);
  if (atMs - nowMs > SEND_AHEAD_MS_MAX)
    throw invalid('sendAt', `'sendAt' is more than ${SEND_AHEAD_MS_MAX / 86_400_000} days ahead`);
  return atMs;
}

function invalid(field: string, sentence: string): MeshError {
  return new MeshError('invalid_request', `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`, { field });
}
