// What a client shows to be let in: a key of this node, or one of its tokens.
import { isKeyText, keyDigest } from '../../keys/key-text.ts';

/** Compared by digests of equal length, so that comparing takes equal time. */
export interface Credential {
  readonly isKey: boolean;
  readonly digest: string;
}

/** `Authorization: Bearer` (RFC 6750 section 2.1). */
export function credentialIn(authorization: string | undefined): Credential | undefined {
  const text = authorization === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  return text === undefined ? undefined : credentialOf(text);
}

/** What the text is by its form alone. That it opens something is not said. */
export function credentialOf(text: string): Credential {
  return { isKey: isKeyText(text), digest: keyDigest(text) };
}
