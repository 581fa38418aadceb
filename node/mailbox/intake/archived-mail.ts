// A mail of an archive taken apart: what a host has written in front of it, or what other programs say there of the same things.
import type { ArchivedMail } from '../mail-archive.ts';
import { separatorTime } from '../mbox.ts';
import { firstField, type HeaderField, headerFields } from './header-fields.ts';
import { decodedLine, mailboxesOf } from './mail-addresses.ts';

const LABEL_CHARACTERS_MAX = 100;
const LABELS_MAX = 100;
/** Labels of work that is not going on here. */
const PASSING: ReadonlySet<string> = new Set(['processing', 'scheduled']);
/** Octets of a header that are looked at. */
const HEAD_BYTES_MAX = 256 * 1_024;
const FIRST = Buffer.from('X-Mesh-Time: ');
const OWN = /^(?:x-mesh-(?:time|labels|trace)|status):/i;

/** Labels of Gmail that mean something here, or nothing (empty); any other is the mail's own. */
const OF_GMAIL: Readonly<Record<string, string | undefined>> = {
  ...{ inbox: '', archived: '', opened: '', important: '', starred: '', drafts: '' },
  ...{ sent: 'sent', spam: 'spam', trash: 'trash', unread: 'unread' },
};

export interface ArchivedOctets {
  readonly mail: ArchivedMail;
  /** The mail as it came. */
  readonly raw: Buffer;
}

/** `isUnread`: it has still to be read where nothing says otherwise. `nowMs`: no mail came later. */
export function archivedMail(
  { separator, octets }: { readonly separator: string; readonly octets: Buffer },
  { inboxId, isUnread, nowMs }: { readonly inboxId: string; readonly isUnread: boolean; readonly nowMs: number },
): ArchivedOctets {
  const headEnd = octets.indexOf('\r\n\r\n');
  const head = octets.subarray(0, Math.min(headEnd === -1 ? octets.length : headEnd + 2, HEAD_BYTES_MAX));
  const fields = headerFields(head);
  // At the very beginning, where nobody who wrote the mail could put anything.
  const ownEnd = ownLinesOf(octets);
  const own = headerFields(octets.subarray(0, ownEnd));
  const said = firstField(own, 'x-mesh-labels');
  const timeMs = Date.parse(firstField(own, 'x-mesh-time') ?? '');
  const traceBytes = Number(firstField(own, 'x-mesh-trace') ?? 0);
  const traceEnd = Math.min(octets.length, ownEnd + (Number.isSafeInteger(traceBytes) ? Math.max(0, traceBytes) : 0));
  const atMs = Number.isNaN(timeMs) ? (separatorTime(separator) ?? dateOf(fields) ?? nowMs) : timeMs;
  const labels = said === undefined ? labelsOfOthers(fields, { inboxId, isUnread }) : labelsIn(said);
  return {
    mail: { atMs: Math.min(Math.max(0, atMs), nowMs), labels, trace: octets.subarray(ownEnd, traceEnd).toString() },
    raw: octets.subarray(traceEnd),
  };
}

/** Octets of the lines that a host has put in front. */
function ownLinesOf(octets: Buffer): number {
  let end = 0;
  if (!octets.subarray(0, FIRST.length).equals(FIRST)) return end;
  for (;;) {
    const next = octets.indexOf('\r\n', end);
    const line = octets.subarray(end, next === -1 ? octets.length : next).toString('latin1');
    if (next === -1 || !(OWN.test(line) || (end > 0 && /^[ \t]/.test(line)))) return end;
    end = next + 2;
  }
}

function labelsIn(text: string): readonly string[] {
  const labels = text.split(',').map((label) => decodedLine(label.trim()));
  return [...new Set(labels.filter(isLabel))].slice(0, LABELS_MAX);
}

function isLabel(label: string): boolean {
  return label !== '' && label.length <= LABEL_CHARACTERS_MAX && !/[\p{Cc},]/u.test(label) && !PASSING.has(label);
}

/** By what mail programs write: `Status` of mbox, and Gmail's own labels. */
function labelsOfOthers(
  fields: readonly HeaderField[],
  { inboxId, isUnread }: { readonly inboxId: string; readonly isUnread: boolean },
): readonly string[] {
  const [from] = mailboxesOf([firstField(fields, 'from') ?? '']);
  const [gmail, status] = [firstField(fields, 'x-gmail-labels'), firstField(fields, 'status')];
  const isRead = status === undefined ? (gmail === undefined ? !isUnread : true) : status.includes('R');
  const own = from?.address === inboxId.toLowerCase() ? 'sent' : 'received';
  const others = labelsIn(decodedLine(gmail ?? '')).flatMap((label) => {
    const known = OF_GMAIL[label.toLowerCase()];
    return known === undefined ? [label] : known === '' ? [] : [known];
  });
  const found = new Set([own, ...others, ...(isRead || own === 'sent' ? [] : ['unread'])]);
  return [...found].filter((label) => label === own || (label !== 'received' && label !== 'sent'));
}

function dateOf(fields: readonly HeaderField[]): number | undefined {
  const parsed = Date.parse(firstField(fields, 'date') ?? '');
  return Number.isNaN(parsed) ? undefined : parsed;
}
