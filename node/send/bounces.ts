// Bounces: delivery status notifications (RFC 3464) as whoever receives mail hands them on, read with postal-mime, or what a
// gateway made of them. Only a notification about a message of ours, to one of its recipients, changes anything: anybody can
// write a notification, so one alone suppresses nobody.
import PostalMime from 'postal-mime';
import { z } from 'zod';
import { RECIPIENTS_MAX } from './limits.ts';
import { printable } from './one-line.ts';

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
          address: z.string().max(1_024),
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
 * Whether the address will not take mail in future either: a permanent failure that is the mailbox's or the domain's (5.0.0, 5.1.x,
 * 5.4.x no route), not a full mailbox (5.2.2), a size, a policy or the content.
 */
export function isHard({ action, status }: BouncedRecipient): boolean {
  return action === 'failed' && /^5\.(?:0\.0|1\.\d+|2\.1|4\.[134])$/.test(status);
}

/** Reads a message; `undefined` when it is no delivery status notification. Never throws. */
export async function parseBounce(raw: Uint8Array): Promise<BounceReport | undefined> {
  try {
    const mail = await PostalMime.parse(raw, {
      attachmentEncoding: 'arraybuffer',
      rfc822Attachments: true,
      forceRfc822Attachments: true,
    });
    const parts = mail.attachments.map(({ mimeType, content }) => ({
      type: mimeType.toLowerCase(),
      text: typeof content === 'string' ? content : Buffer.from(content as ArrayBuffer).toString('latin1'),
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
  const status = /[245]\.\d{1,3}\.\d{1,3}/.exec(fields.status ?? '')?.[0];
  if (address === undefined || action === undefined || status === undefined) return [];
  const diagnostic = fields['diagnostic-code'];
  return [{ address, action, status, ...(diagnostic === undefined ? {} : { diagnostic: printable(diagnostic) }) }];
}

/** `rfc822; a@x.com`, xtext-encoded (RFC 3461 §4) or plain. */
function addressOf(field: string | undefined): string | undefined {
  const [type, text] = field?.split(/;(.*)/s) ?? [];
  if (text === undefined || !/^(?:rfc822|utf-8)$/i.test(type?.trim() ?? '')) return undefined;
  const decoded = text
    .trim()
    .replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoded.replace(/^<|>$/g, '');
}
