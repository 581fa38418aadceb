// What a bounce says of each recipient, however it came (bounce-parser.ts, or as JSON from a gateway), and whether its address is
// one to write to no more. What it can bring about is decided in send/returned-mail.ts: anybody can write a notification.
import { z } from 'zod';
import { RECIPIENTS_MAX } from '../limits.ts';

const ADDRESS_CHARACTERS_MAX = 1_024;

export interface BouncedRecipient {
  readonly address: string;
  /** Other readings of the address, and whom the mail was passed on to: less likely to be who was written to. */
  readonly alternatives?: readonly string[] | undefined;
  /** `failed` and `delayed` of RFC 3464 §2.3.3; the others say nothing bad. */
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463, e.g. `5.1.1`. */
  readonly status: string;
  readonly diagnostic?: string | undefined;
}

export interface BounceReport {
  /** The Message-ID of the message that bounced, angle brackets included. */
  readonly messageId?: string | undefined;
  readonly email_id?: string | undefined;
  readonly recipients: readonly BouncedRecipient[];
}

/** A bounce as JSON, from a gateway that has read the notification itself. */
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
 * policy, content.
 */
const HARD = /^5\.(?:0\.0|1\.(?:0|[1-6]|9|10)|2\.1|4\.[14])$/;
/** "Other": what servers say that give no reason, and what systems make of a reply without an enhanced code. */
const GENERAL = /^5\.(?:0|1)\.0$/;
/** A full mailbox passes, whatever code it is reported under. */
const FULL = /\bfull\b|quota|storage|exceed|insufficient|\bover ?limit\b/i;
/** Failures that are not the address's fault, or that pass. */
const PASSING =
  /spam|virus|polic|block|black|reputation|denied|relay|\brate\b|gr[ae]y|temporar|try again|later|size|large|content|\bspf\b|\bdkim\b|dmarc|authenti|too (?:many|much)|\blimit|sender|loop|time[d ]*out|\b4\d\d\b/i;
const GONE =
  /unknown|no such|not (?:found|exist|known|valid|a valid|local|listed|recogni[sz]ed)|(?:n't|not) (?:exist|have)|no (?:longer|mailbox|account|user)|invalid|unrout|undeliverable|unavailable|disabled|inactive|deactivated|suspended|bad (?:destination|address|mailbox)|nobody/i;
/** RFC 5321 §4.2.3: "mailbox unavailable" and "user not local", where nothing else is said. */
const BARE_REPLY = /\b55[01]\b/;

/** Whether the address will not take mail in future either. */
export function isHard({ action, status, diagnostic = '' }: BouncedRecipient): boolean {
  const exact = exactly(status, diagnostic);
  if (action !== 'failed' || !HARD.test(exact) || FULL.test(diagnostic)) return false;
  if (!GENERAL.test(exact) || diagnostic.trim() === '') return true;
  return !PASSING.test(diagnostic) && (GONE.test(diagnostic) || BARE_REPLY.test(diagnostic));
}

/** Exim and Postfix write 5.0.0 for whatever has no code; the next server's own words may have one all the same, the last the most exact. */
export function exactly(status: string, diagnostic = ''): string {
  if (!/\.0$/.test(status)) return status;
  const codes = diagnostic.match(/(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)/g) ?? [];
  return codes.findLast((code) => code[0] === status[0] && !/\.0$/.test(code)) ?? status;
}
