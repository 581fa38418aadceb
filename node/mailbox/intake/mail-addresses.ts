// Who a mail says it is from and for: the address fields of its header (RFC 5322 §3.4), as people read them and as programs compare them.
import { addressParser, decodeWords } from 'postal-mime';
import { withoutInvisible } from '../text/hidden.ts';

/** Characters of one field that are read; a hundred recipients with long names take a tenth of it. */
const FIELD_CHARACTERS_MAX = 32 * 1024;
const ADDRESSES_MAX = 1_000;
const ADDRESS_CHARACTERS_MAX = 320;
/** In a name, these would be read as something else than letters (RFC 5322 §3.2.3). */
const SPECIAL = /[()<>[\]:;@\\,."]/;

export interface Mailbox {
  /** `Jane <jane@x.com>`, or the address alone. */
  readonly shown: string;
  /** In lower case. */
  readonly address: string;
}

/** The mailboxes of all fields of one name, groups dissolved. What is no address is left out. */
export function mailboxesOf(values: readonly string[]): readonly Mailbox[] {
  return values
    .flatMap(addressesIn)
    .flatMap(({ name, address }) => mailbox(name ?? '', address ?? ''))
    .slice(0, ADDRESSES_MAX);
}

/** Without the one at which a long field is cut: the beginning of an address is somebody else's. */
function addressesIn(value: string) {
  const parsed = addressParser(value.slice(0, FIELD_CHARACTERS_MAX), { flatten: true });
  return value.length > FIELD_CHARACTERS_MAX ? parsed.slice(0, -1) : parsed;
}

/** The name and the address that `shown` was made of; the address as it was written. */
export function partsOfShown(shown: string): { readonly name: string; readonly address: string } {
  const [, words = '', address = shown] = /^(.*) <([^<>]*)>$/s.exec(shown) ?? [];
  const isQuoted = words.startsWith('"') && words.endsWith('"') && words.length > 1;
  return { name: isQuoted ? words.slice(1, -1).replace(/\\(.)/g, '$1') : words, address };
}

/** Encoded words (RFC 2047) as what they say, on one line. */
export function decodedLine(value: string): string {
  return onOneLine(decodeWords(withWholeCharacters(value.slice(0, FIELD_CHARACTERS_MAX))));
}

/** A word in base64, and the space to the next one of the same charset. */
const WORD =
  /=\?(?<charset>[^?\s]{1,60})\?B\?(?<base64>[A-Za-z0-9+/]{0,1000}={0,2})\?=(?:\s{1,100}(?==\?\k<charset>\?B\?[A-Za-z0-9+/]{0,1000}={0,2}\?=))?/gi;

/** Words in base64 of which each but the last has another one behind it, as one: mailers split characters between two, which none may (RFC 2047 §5). */
function withWholeCharacters(value: string): string {
  let before = '';
  return value.replaceAll(WORD, (word, charset: string, base64: string) => {
    const octets = Buffer.from(before, 'base64');
    const joined = Buffer.concat([octets, Buffer.from(base64, 'base64')]).toString('base64');
    before = word.endsWith('=') ? '' : joined;
    return before === '' ? `=?${charset}?B?${joined}?=` : '';
  });
}

/** Without what would end the line, or shows nothing. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function mailbox(name: string, address: string): readonly Mailbox[] {
  const at = address.lastIndexOf('@');
  if (at < 1 || at === address.length - 1 || address.length > ADDRESS_CHARACTERS_MAX) return [];
  const [local, domain] = [address.slice(0, at).trim(), address.slice(at + 1)];
  if (local === '' || /[^\S ]|[\p{Cc}<>]/u.test(address) || domain.includes(' ')) return [];
  const whole = `${quoted(local)}@${domain}`;
  return [{ shown: shownAs(withoutInvisible(decodedLine(name)).text, whole), address: whole.toLowerCase() }];
}

/** A local part as it is written: the parser takes the quotes away where no angle brackets stand around the address. */
function quoted(local: string): string {
  if (/^".*"$/s.test(local) || !/[ ()[\]:;@\\,"]/.test(local)) return local;
  return `"${local.replace(/["\\]/g, '\\$&')}"`;
}

/** `Jane <jane@x.com>`, with quotes where the name has letters that would be read as something else. */
export function shownAs(name: string, address: string): string {
  if (name === '') return address;
  return `${SPECIAL.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : name} <${address}>`;
}
