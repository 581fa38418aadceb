// What kind of mail it is, by its header and by what was found out about its sender. It decides which label a mail gets, and whether a
// person wrote it; it refuses nothing but a mail that goes in circles.
import type { MailClass } from '../message.ts';
import { firstField, type HeaderField } from './header-fields.ts';

/** Hops of one mail (RFC 5321 §6.3 asks for at least 100). */
const HOPS_MAX = 100;
/** Fields by which programs say that no person wrote it (RFC 3834, and what was there before it). */
const AUTOMATED_FIELDS = ['list-id', 'x-auto-response-suppress', 'x-autoreply', 'x-autorespond'];
const AUTOMATED_PRECEDENCE = ['bulk', 'junk', 'list', 'auto_reply'];

/** `mailFrom`: empty for the null sender, with which reports and notices come. */
export function isAutomated(headers: readonly HeaderField[], mailFrom: string): boolean {
  const submitted = word(headers, 'auto-submitted');
  return (
    mailFrom === '' ||
    (submitted !== '' && submitted !== 'no') ||
    AUTOMATED_PRECEDENCE.includes(word(headers, 'precedence')) ||
    AUTOMATED_FIELDS.some((name) => firstField(headers, name) !== undefined)
  );
}

/** What a filter in front of this host said, where that filter is believed. */
export function isMarkedSpam(headers: readonly HeaderField[]): boolean {
  return ['x-spam-flag', 'x-spam'].some((name) => word(headers, name) === 'yes');
}

/** The first that fits. */
export function mailClassOf(found: { readonly isMarkedSpam: boolean; readonly isAuthenticated: boolean }): MailClass {
  if (found.isMarkedSpam) return 'spam';
  return found.isAuthenticated ? 'received' : 'unauthenticated';
}

/** Whether the mail was here before, or at too many places (RFC 5321 §6.3). */
export function isLooping(headers: readonly HeaderField[], inboxId: string): boolean {
  const count = (name: string) => headers.filter((field) => field.name.toLowerCase() === name).length;
  const wasHere = headers.some(
    ({ name, value }) => name.toLowerCase() === 'delivered-to' && value.toLowerCase() === inboxId.toLowerCase(),
  );
  return wasHere || count('received') > HOPS_MAX;
}

/** The first word of a field: a comment or parameters may follow. */
function word(headers: readonly HeaderField[], name: string): string {
  return (firstField(headers, name) ?? '').toLowerCase().split(/[\s;(]/, 1)[0] ?? '';
}
