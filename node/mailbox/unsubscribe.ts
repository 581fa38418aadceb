// How whoever gets a mail asks for no more of them: by a mail to a tagged address of the inbox, or by a link. Both have a token, which proves
// that this host has made it for that inbox and that recipient (HMAC-SHA256), and which holds once. It has letters and digits alone, for what
// stands before an @ may be put in lower case on its way.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { anyAddressKey } from '../../mesh/address/identity.ts';
import type { Random } from '../../mesh/ports.ts';

const NONCE_BYTES = 4;
const PROOF_BYTES = 8;
const TAG = '+unsubscribe-';
/** Characters before the @ (RFC 5321 §4.5.3.1.1). */
const LOCAL_CHARACTERS_MAX = 64;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const TOKEN = /^[a-z2-7]{20}$/;
const TAGGED = /\+unsubscribe-([a-z2-7]{20})@/i;

/** Who asks to hear no more of whom. */
export interface Unsubscriber {
  readonly inboxId: string;
  readonly address: string;
}

/** 20 characters. `key`: of the organization. */
export function unsubscribeToken(who: Unsubscriber, key: Uint8Array, random: Pick<Random, 'bytes'>): string {
  const nonce = random.bytes(NONCE_BYTES);
  return textOf(Buffer.concat([nonce, proofOf(who, nonce, key)]));
}

/** Whether this host has made the token for them. */
export function isUnsubscribeToken(token: string, who: Unsubscriber, key: Uint8Array): boolean {
  if (!TOKEN.test(token)) return false;
  const octets = octetsOf(token);
  const [nonce, proof] = [octets.subarray(0, NONCE_BYTES), octets.subarray(NONCE_BYTES)];
  return timingSafeEqual(proof, proofOf(who, nonce, key)) && textOf(octets) === token;
}

/** The address of the inbox with the token; `undefined` where there is no room for one. */
export function unsubscribeAddress(inboxId: string, token: string): string | undefined {
  const at = inboxId.lastIndexOf('@');
  const local = `${inboxId.slice(0, at)}${TAG}${token}`;
  return Buffer.byteLength(local) > LOCAL_CHARACTERS_MAX ? undefined : `${local}${inboxId.slice(at)}`;
}

/** The token that a recipient's address has. */
export function unsubscribeTokenIn(address: string): string | undefined {
  return TAGGED.exec(address)?.[1]?.toLowerCase();
}

function proofOf({ inboxId, address }: Unsubscriber, nonce: Uint8Array, key: Uint8Array): Buffer {
  const said = JSON.stringify(['unsubscribe', inboxId, anyAddressKey(address) ?? address]);
  return createHmac('sha256', key).update(nonce).update(said).digest().subarray(0, PROOF_BYTES);
}

/** Base32 (RFC 4648 §6) in lower case, without padding. */
function textOf(octets: Uint8Array): string {
  const bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function octetsOf(text: string): Buffer {
  const bits = [...text].map((character) => ALPHABET.indexOf(character).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}
