// The hello: how a host shows its key to one that does not know it. The answer is signed with the very key it announces, as an introduction
// and nothing else, and repeats who asked and the asker's nonce. Where the operators share a secret, both sides prove it (HMAC-SHA256, each
// with its own role, so that neither can be sent back as the other).
import { timingSafeEqual } from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import type { HostId } from '../../../mesh/names.ts';

export const HELLO_PATH = '/api/mesh/v1/hello';
export const HELLO_VERSION = 2;

/** The query of a hello. Members that are not known here are let pass: a later version may ask with more. */
export const helloQuery = z.object({
  from: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must be the asking host's id"),
  /** Asked with by whoever wants to learn the key; not by one who only looks whether somebody is there. */
  nonce: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,64}$/, 'must be 16–64 base64url characters, random, never used before')
    .optional(),
  proof: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be 43 base64url characters')
    .optional(),
});

/** Unknown fields are ignored: a later version may say more. */
export const helloAnswer = z.object({
  version: z.number().int(),
  host: z.object({ id: z.string(), name: z.string().max(256) }),
  publicKey: z.string(),
  /** Who asked, and the asker's nonce, repeated. */
  asker: z.string().optional(),
  nonce: z.string().optional(),
  software: z.string().max(256).optional(),
  proof: z.string().max(64).optional(),
});
export type HelloAnswer = z.infer<typeof helloAnswer>;

export interface HelloTerms {
  readonly asker: HostId;
  readonly answerer: HostId;
  readonly nonce: string;
  /** The key of the host that proves: the answerer's in an answer; absent in a question. */
  readonly publicKey?: string;
}

/** 43 base64url characters that only a holder of the secret can make. */
export function proofOf(secret: string, terms: HelloTerms): string {
  const role = terms.publicKey === undefined ? 'ask' : 'answer';
  // None of the parts can hold a line break, so no two lists of parts give the same text.
  const parts = [
    `mesh-hello-${role}`,
    String(HELLO_VERSION),
    terms.asker,
    terms.answerer,
    terms.nonce,
    terms.publicKey ?? '',
  ];
  const mac = hmac(sha256, Buffer.from(secret, 'utf8'), Buffer.from(parts.join('\n'), 'utf8'));
  return Buffer.from(mac).toString('base64url');
}

/** Compares in constant time. */
export function proofFits(proof: string | undefined, secret: string, terms: HelloTerms): boolean {
  if (proof === undefined) return false;
  const given = Buffer.from(proof, 'latin1');
  const expected = Buffer.from(proofOf(secret, terms), 'latin1');
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
