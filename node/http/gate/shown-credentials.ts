// What each connection has shown last. A client shows the same with every request, and to take it apart and digest it costs more than what is looked
// up: so that is done once a connection. What it opens is judged with each request: a key that was revoked, or has expired, opens nothing any more.
import { type Credential, credentialIn } from './credential.ts';
import type { Visitor } from './visitor.ts';

/** Longer than keys and most tokens; what is longer is taken apart each time, so that connections keep little. */
export const REMEMBERED_CHARACTERS_MAX = 300;

export interface Shown extends Credential {
  /** On the monotonic clock: until then it is known to open something (`Attempts`). */
  knownUntilMs: number;
}

export class ShownCredentials {
  /** Goes with the connection. */
  readonly #last = new WeakMap<object, { readonly authorization: string; readonly shown: Shown }>();

  /** What is in the `Authorization` header, by its form alone. */
  of({ connection, header }: Pick<Visitor, 'connection' | 'header'>): Shown | undefined {
    const authorization = header('authorization');
    if (authorization === undefined) return undefined;
    if (connection === undefined || authorization.length > REMEMBERED_CHARACTERS_MAX) return shownIn(authorization);
    const last = this.#last.get(connection);
    if (last !== undefined && isSameText(last.authorization, authorization)) return last.shown;
    const shown = shownIn(authorization);
    if (shown !== undefined) this.#last.set(connection, { authorization, shown });
    return shown;
  }
}

/** Nothing is known yet of what it opens. */
export function firstShown(credential: Credential): Shown {
  return { ...credential, knownUntilMs: Number.NEGATIVE_INFINITY };
}

function shownIn(authorization: string): Shown | undefined {
  const credential = credentialIn(authorization);
  return credential && firstShown(credential);
}

/**
 * In a time that says nothing of where they differ: behind a proxy, several clients share a connection, and one may guess what another has shown.
 * Without octets of them: that would cost as much as their digests.
 */
function isSameText(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at += 1) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
