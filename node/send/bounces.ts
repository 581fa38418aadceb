// Bounces: delivery status notifications (RFC 3464) as whoever receives mail hands them on, read with postal-mime, or what a
// gateway made of them. Only a notification about a message of ours, to one of its recipients, changes anything: anybody can
// write a notification, so one alone suppresses nobody.
import PostalMime from 'postal-mime';
import { z } from 'zod';
import { BOUNCE_BYTES_MAX, RECIPIENTS_MAX } from './limits.ts';
import { printable } from './one-line.ts';

/**
 * What a notification says is in its first lines (a hundred recipients take a thousand); after them comes the returned message.
 * Each line costs 10 µs, and a message of 2 MiB can have two million.
 */
const LINES_READ_MAX = 10_000;
const LINE_FEED = 10;
const ADDRESS_CHARACTERS_MAX = 1_024;

export interface BouncedRecipient {
  readonly address: string;
  /** `failed` and `delayed` of RFC 3464 §2.3.3; the others say nothing bad. */
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463, e.g. `5.1.1`. */
  readonly status: string;
  readonly diagnostic?: string | undefined;
}

export interface BounceReport {
  /** Of the message that bounced, angle brackets included. */
  readonly messageId?: string | undefined;
  readonly email_id?: string | undefined;
  readonly recipients: readonly BouncedRecipient[];
}

/** The same as JSON, from a gateway that has read the notification itself. */
export const bounceReport = z
  .strictObject({
    messageId: z.string().max(998).optional(),
    email_id: z.string().max(100).optional(),
    recipients: z
      .array(
        z.strictObject({
          address: z.string().max(ADDRESS_CHARACTERS_MAX),
          action: z.enum(['failed', 'delayed']).default('failed'),
          status: z.string().regex(/^[245]\.\d{1,3}\.\d{1,3}$/, 'must be a status of RFC 3463, like 5.1.1'),
          diagnostic: z.string().max(2_000).optional(),
        }),
      )
      .min(1)
      .max(RECIPIENTS_MAX),
  })
  .refine(({ messageId, email_id }) => messageId !== undefined || email_id !== undefined, {
    error: "must name the message, by 'messageId' or 'email_id'",
  });

/**
 * Permanent failures (RFC 3463) that are the mailbox's or its domain's and will be the same tomorrow. Common practice, and ours,
 * leaves out what may pass or is not the address's fault: a full mailbox (5.2.2), the sender's own address (5.1.7, 5.1.8), size,
 * policy, content. 5.0.0 is what servers say that give no reason, most often of an unknown user.
 */
const HARD = /^5\.(?:0\.0|1\.(?:0|[1-6]|9|10)|2\.1|4\.[14])$/;

/** Whether the address will not take mail in future either. */
export function isHard({ action, status }: BouncedRecipient): boolean {
  return action === 'failed' && HARD.test(status);
}

/** Reads a message; `undefined` when it is no delivery status notification, or larger than one may be. Never throws. */
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
    const report = parts.find(({ type }) => /^message\/(?:global-)?delivery-status$/.test(type));
    if (report === undefined) return undefined;
    const [message = {}, ...each] = report.text
      .split(/\r?\n[ \t]*\r?\n/)
      .map(fieldsOf)
      .filter((fields) => Object.keys(fields).length > 0);
    const recipients = each.flatMap(recipientOf).slice(0, RECIPIENTS_MAX);
    if (recipients.length === 0) return undefined;
    const returned = parts.find(({ type }) =>
      /^(?:message\/(?:rfc822|global)|text\/rfc822-headers|message\/global-headers)$/.test(type),
    );
    const id =
      fieldsOf((returned?.text ?? '').split(/\r?\n\r?\n/)[0] ?? '')['message-id'] ?? message['original-envelope-id'];
    return { ...(id === undefined ? {} : { messageId: printable(id) }), recipients };
  } catch {
    // Whatever it was, it is not a notification that anybody could act on; the caller is told so.
    return undefined;
  }
}

function beginningOf(raw: Uint8Array): Uint8Array {
  let end = 0;
  for (let lines = 0; lines < LINES_READ_MAX; lines += 1) {
    end = raw.indexOf(LINE_FEED, end) + 1;
    if (end === 0) return raw;
  }
  return raw.subarray(0, end);
}

/** Header-like lines, unfolded; names in lower case, the first of each. */
function fieldsOf(block: string): Readonly<Record<string, string>> {
  const fields: Record<string, string> = Object.create(null);
  for (const line of block.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon).trim().toLowerCase()] ??= line.slice(colon + 1).trim();
  }
  return fields;
}

const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;

function recipientOf(fields: Readonly<Record<string, string>>): readonly BouncedRecipient[] {
  const address = addressOf(fields['original-recipient']) ?? addressOf(fields['final-recipient']);
  const action = ACTIONS.find((known) => known === fields.action?.toLowerCase());
  const said = /[245]\.\d{1,3}\.\d{1,3}/.exec(fields.status ?? '')?.[0];
  if (address === undefined || action === undefined || said === undefined) return [];
  const diagnostic = fields['diagnostic-code'];
  const status = exactly(said, diagnostic);
  return [{ address, action, status, ...(diagnostic === undefined ? {} : { diagnostic: printable(diagnostic) }) }];
}

/** Exim writes 5.0.0 for whatever happened; the next server's own words then tell a full mailbox from one that is not there. */
function exactly(status: string, diagnostic = ''): string {
  if (!status.endsWith('.0.0')) return status;
  const quoted = /\b[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(diagnostic)?.[1];
  return quoted !== undefined && quoted[0] === status[0] ? quoted : status;
}

/**
 * `rfc822; a@x.com`, in xtext (RFC 3461 §4) or plain, or `utf-8; ä@x.com`, in its own xtext (RFC 6533 §3) or plain. Nothing says
 * which, and `ann+2026@x.com` is an address too: so of xtext only that is decoded which has to be written so in an address
 * without quotes.
 */
function addressOf(field: string | undefined): string | undefined {
  const [type = '', text] = field?.split(/;(.*)/s) ?? [];
  if (text === undefined || text.length > ADDRESS_CHARACTERS_MAX) return undefined;
  if (!/^(?:rfc822|utf-8)$/i.test(type.trim())) return undefined;
  const plain = text.trim().replace(/^<|>$/g, '');
  const isUnicode = type.trim().toLowerCase() === 'utf-8';
  const decoded = isUnicode ? plain.replace(/\\x\{([0-9A-F]{2,6})\}/g, characterOf) : plain;
  return decoded.replace(decoded.startsWith('"') ? /\+([0-9A-F]{2})/g : /\+(2B|3D)/g, characterOf);
}

/** What is no character stays as it is written. */
function characterOf(written: string, hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10_ff_ff ? written : String.fromCodePoint(code);
}
