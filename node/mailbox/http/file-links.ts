// Links to the octets of mails and attachments, good for an hour without a key: who has one was given it by who had the key. Each names what
// it leads to and when it ends, and proves it by the organization's file key (HMAC-SHA256).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const LINK_MS = 3_600_000;
/** Digits of the raw mail's digest: a row whose number is given to another mail has others. */
const DIGEST_DIGITS = 16;

/** The file of a draft, by its row and digest. */
export interface LinkedDraftFile {
  readonly draftFile: number;
  readonly digest: string;
}

/** A mail by its row and digest and, for an attachment, the part's number. */
export interface LinkedFile {
  readonly message: number;
  readonly digest: string;
  readonly number?: number | undefined;
}

const digits = z.string().length(DIGEST_DIGITS);
const form = z.tuple([z.int(), digits, z.int().nullable(), z.int()]);
const draftForm = z.tuple([z.int(), digits, z.literal('draft'), z.int()]);

/** The token of a link, and when it ends. */
export function linkTo(file: LinkedFile | LinkedDraftFile, key: Uint8Array, nowMs: number) {
  const endsAtMs = nowMs + LINK_MS;
  const [row, part] = 'draftFile' in file ? [file.draftFile, 'draft'] : [file.message, file.number ?? null];
  const said = JSON.stringify([row, file.digest.slice(0, DIGEST_DIGITS), part, endsAtMs]);
  const text = Buffer.from(said).toString('base64url');
  return { token: `${text}.${proofOf(text, key).toString('base64url')}`, endsAtMs };
}

/** What a token leads to; `undefined` when this host has not made it, or its time is over. `digest` is its beginning. */
export function linkedFile(token: string, key: Uint8Array, nowMs: number): LinkedFile | LinkedDraftFile | undefined {
  const [text = '', proof = ''] = token.split('.');
  const [given, own] = [Buffer.from(proof, 'base64url'), proofOf(text, key)];
  if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
  const [row, digest, part, endsAtMs] = z
    .union([form, draftForm])
    .parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  if (nowMs >= endsAtMs) return undefined;
  return part === 'draft' ? { draftFile: row, digest } : { message: row, digest, number: part ?? undefined };
}

function proofOf(text: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
