// Links to the octets of mails and attachments, good for an hour without a key: who has one was given it by who had the key. Each names what
// it leads to and when it ends, and proves it by the organization's file key (HMAC-SHA256).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const LINK_MS = 3_600_000;
/** Digits of the raw mail's digest: a row whose number is given to another mail has others. */
const DIGEST_DIGITS = 16;

/** A mail by its row and digest and, for an attachment, the part's number. */
export interface LinkedFile {
  readonly message: number;
  readonly digest: string;
  readonly number?: number | undefined;
}

const form = z.tuple([z.int(), z.string().length(DIGEST_DIGITS), z.int().nullable(), z.int()]);

/** The token of a link, and when it ends. */
export function linkTo({ message, digest, number }: LinkedFile, key: Uint8Array, nowMs: number) {
  const endsAtMs = nowMs + LINK_MS;
  const said = JSON.stringify([message, digest.slice(0, DIGEST_DIGITS), number ?? null, endsAtMs]);
  const text = Buffer.from(said).toString('base64url');
  return { token: `${text}.${proofOf(text, key).toString('base64url')}`, endsAtMs };
}

/** What a token leads to; `undefined` when this host has not made it, or its time is over. `digest` is its beginning. */
export function linkedFile(token: string, key: Uint8Array, nowMs: number): LinkedFile | undefined {
  const [text = '', proof = ''] = token.split('.');
  const [given, own] = [Buffer.from(proof, 'base64url'), proofOf(text, key)];
  if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
  const [message, digest, number, endsAtMs] = form.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  return nowMs < endsAtMs ? { message, digest, number: number ?? undefined } : undefined;
}

function proofOf(text: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
