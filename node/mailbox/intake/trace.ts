// The lines that this host puts in front of a mail: whom it came from, to whom it goes, what was found out about the sender, and which way it
// came (RFC 5321 §4.4, RFC 8601). What the other side said of itself is cut to what can't be taken for anything else.
import type { Authentication } from '../message.ts';
import { isQuoted } from './local-parts.ts';

const NAME_CHARACTERS_MAX = 255;
const ADDRESS_CHARACTERS_MAX = 320;

export interface TraceOptions {
  readonly hostId: string;
  readonly inboxId: string;
  /** Empty: the null sender. */
  readonly mailFrom: string;
  /** The address of whoever handed the mail over; absent when nobody said. */
  readonly ip?: string | undefined;
  readonly helo?: string | undefined;
  /** Way that a Received field names: `ESMTP`, `ESMTPS`, `LMTP`, `HTTP`. */
  readonly protocol: string;
  readonly authentication: Authentication;
  /** Absent: the mail has no address that it is from. */
  readonly fromDomain?: string | undefined;
  readonly receivedAtMs: number;
}

/** Lines that end in CRLF. */
export function traceLines(options: TraceOptions): string {
  const { hostId, inboxId, mailFrom, authentication, fromDomain } = options;
  const { spf, dkim, dmarc } = authentication;
  const from = fromDomain === undefined ? '' : ` header.from=${plain(fromDomain, NAME_CHARACTERS_MAX)}`;
  return [
    `Return-Path: <${pathOf(mailFrom)}>`,
    `Delivered-To: ${plain(inboxId, ADDRESS_CHARACTERS_MAX)}`,
    `Authentication-Results: ${hostId};`,
    ` spf=${spf} smtp.mailfrom=${plain(mailFrom.split('@').at(-1) ?? '', NAME_CHARACTERS_MAX) || 'none'};`,
    ` dkim=${dkim};`,
    ` dmarc=${dmarc}${from}`,
    ...received(options),
    '',
  ].join('\r\n');
}

function received({ hostId, inboxId, ip, helo, protocol, receivedAtMs }: TraceOptions): readonly string[] {
  const name = plain(helo ?? '', NAME_CHARACTERS_MAX) || 'unknown';
  const from = ip === undefined ? `from ${name}` : `from ${name} ([${ip.includes(':') ? `IPv6:${ip}` : ip}])`;
  return [
    `Received: ${from}`,
    ` by ${hostId} with ${protocol}`,
    ` for <${plain(inboxId, ADDRESS_CHARACTERS_MAX)}>;`,
    ` ${new Date(receivedAtMs).toUTCString().replace('GMT', '+0000')}`,
  ];
}

/** A quoted local part stays as it is: without its quotes it would be somebody else's. */
function pathOf(address: string): string {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  if (!isQuoted(local)) return plain(address, ADDRESS_CHARACTERS_MAX);
  return `${local}@${plain(address.slice(at + 1), NAME_CHARACTERS_MAX)}`;
}

/** Letters, digits and signs that mean nothing in a header; others are left out. */
function plain(words: string, charactersMax: number): string {
  return words.slice(0, charactersMax).replace(/[^\p{L}\p{M}\p{N}@.!#$%&'*+/=?^_`{|}~:-]/gu, '');
}
