// A key as people compare it: 160 bits of SHA-256 over its 32 octets, in base32 (RFC 4648, lower case), in groups of four. Whoever wants another
// key with the same fingerprint has to try 2^160 of them.
import { createHash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const OCTETS = 20;
const GROUP = /.{4}(?=.)/g;

/** `abcd-…`, eight groups, of the base64url text of a public key. */
export function fingerprintOf(publicKey: string): string {
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest().subarray(0, OCTETS);
  const bits = [...digest].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
  return letters.replace(GROUP, '$&-');
}

/** Whether what a person typed is that key's fingerprint: the hyphens and the case do not matter. */
export function isFingerprintOf(typed: string, publicKey: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z2-7]/g, '');
  return plain(typed) === plain(fingerprintOf(publicKey));
}
