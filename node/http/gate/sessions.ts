// Sessions of browsers: a cookie that stands for the credential that was shown when somebody logged in. Each request is judged anew by that
// credential, so that a session opens nothing once its key is revoked. They live in memory: a node that starts anew has none.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Random } from '../../../mesh/ports.ts';
import { keyDigest } from '../../keys/key-text.ts';
import type { Credential } from './credential.ts';

export interface SessionBounds {
  readonly sessionsMax: number;
  readonly perCredentialMax: number;
  readonly lifeMs: number;
}

const SESSION_BOUNDS: SessionBounds = { sessionsMax: 1_000, perCredentialMax: 20, lifeMs: 12 * 3_600_000 };

const RANDOM_BYTES = 32;
/** What stands for a session in a form's token where nobody has logged in, since nobody needs to. */
const NOBODY = 'nobody';

export interface SessionsOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly random: Pick<Random, 'bytes'>;
  /** Names the cookie: nodes on one machine share the cookies of its name. */
  readonly hostId: string;
  readonly bounds?: SessionBounds;
}

interface Session {
  readonly credential: Credential;
  readonly endsMs: number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #bounds: SessionBounds;
  /** By the digest of the cookie's value, the oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #formKey: Uint8Array;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? SESSION_BOUNDS;
    this.#formKey = options.random.bytes(RANDOM_BYTES);
  }

  /** Has the host's id in it: nodes on one machine share the cookies of its name. */
  get cookieName(): string {
    return `mesh_session.${this.#options.hostId}`;
  }

  get lifeSeconds(): number {
    return this.#bounds.lifeMs / 1_000;
  }

  /** The value of the new session's cookie. The oldest session goes where there are too many, of that credential or of all. */
  open(credential: Credential): string {
    const { clock, random } = this.#options;
    const { sessionsMax, perCredentialMax, lifeMs } = this.#bounds;
    this.#endLate();
    const own = [...this.#sessions].filter(([, one]) => one.credential.digest === credential.digest);
    const oldest = own.length >= perCredentialMax ? own[0]?.[0] : undefined;
    if (oldest !== undefined) this.#sessions.delete(oldest);
    const [first] = this.#sessions.keys();
    if (this.#sessions.size >= sessionsMax && first !== undefined) this.#sessions.delete(first);
    const value = Buffer.from(random.bytes(RANDOM_BYTES)).toString('base64url');
    this.#sessions.set(keyDigest(value), { credential, endsMs: clock.monotonicMs() + lifeMs });
    return value;
  }

  /** What was shown for the session that a `Cookie` header names; `undefined` when there is none, or when its time is over. */
  credentialIn(cookies: string | undefined): Credential | undefined {
    const value = this.#valueIn(cookies);
    if (value === undefined) return undefined;
    const session = this.#sessions.get(keyDigest(value));
    return session !== undefined && session.endsMs > this.#options.clock.monotonicMs() ? session.credential : undefined;
  }

  /** Ends the session that a `Cookie` header names, if there is one. */
  close(cookies: string | undefined): void {
    const value = this.#valueIn(cookies);
    if (value !== undefined) this.#sessions.delete(keyDigest(value));
  }

  /** What a form of that session must bring along: no page of another origin can know it. */
  formToken(cookies: string | undefined): string {
    const owner = this.credentialIn(cookies) === undefined ? NOBODY : (this.#valueIn(cookies) ?? NOBODY);
    return createHmac('sha256', this.#formKey).update(owner).digest('base64url');
  }

  /** Whether the text is `formToken` of that session, compared in constant time. */
  isFormToken(cookies: string | undefined, text: string): boolean {
    const [expected, given] = [Buffer.from(this.formToken(cookies)), Buffer.from(text)];
    return expected.byteLength === given.byteLength && timingSafeEqual(expected, given);
  }

  #valueIn(cookies: string | undefined): string | undefined {
    const name = `${this.cookieName}=`;
    return cookies
      ?.split(';')
      .map((pair) => pair.trim())
      .find((pair) => pair.startsWith(name))
      ?.slice(name.length);
  }

  #endLate(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [digest, { endsMs }] of this.#sessions) if (endsMs <= nowMs) this.#sessions.delete(digest);
  }
}
