// The text of a key: `amk_`, then 256 random bits in base62, always 43 characters.
import { hash } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Random } from '../../mesh/ports.ts';

const MARK = 'amk_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_BYTES = 32;
/** 62^43 is the first power above 2^256. */
const CHARACTERS = 43;

/** `mark`: what the keys of another door begin with. */
export function newKeyText(random: Pick<Random, 'bytes'>, mark = MARK): string {
  let rest = BigInt(`0x${bytesToHex(random.bytes(RANDOM_BYTES))}`);
  let text = '';
  const base = BigInt(ALPHABET.length);
  for (let at = 0; at < CHARACTERS; at += 1, rest /= base) text = ALPHABET.charAt(Number(rest % base)) + text;
  return mark + text;
}

/** Whether a credential is meant to be a key of this kind: then it opens what that key opens, and nothing else. */
export function isKeyText(text: string): boolean {
  return text.startsWith(MARK);
}

/** What is kept of a key: whoever reads it can't make the key from it. Hexadecimal. */
export function keyDigest(text: string): string {
  return hash('sha256', text, 'hex');
}
