// The token of an invitation: 256 random bits that the operator carries from one machine to the next. Both sides make two things of it: a name, by
// which the host that invited finds the invitation, and a key. The token itself is never sent, and is kept nowhere.
import { createHash } from 'node:crypto';
import type { Random } from '../ports.ts';

const MARK = 'amj_';
const TOKEN = /^amj_[A-Za-z0-9_-]{43}$/;
const TOKEN_BYTES = 32;

/** What is kept of a token, and made of it by whoever has it. */
export interface InvitationKey {
  /** Base64url of 32 octets; it tells nothing of the key. */
  readonly id: string;
  /** Base64url of 32 octets. */
  readonly key: string;
}

/** A new token: `amj_` and 43 characters of base64url. */
export function drawToken(random: Pick<Random, 'bytes'>): string {
  return MARK + Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url');
}

/** `undefined` when the text is no token. */
export function invitationOf(token: string): InvitationKey | undefined {
  if (!TOKEN.test(token)) return undefined;
  const part = (role: string) => createHash('sha256').update(`mesh-invitation ${role}\n${token}`).digest('base64url');
  return { id: part('name'), key: part('key') };
}
