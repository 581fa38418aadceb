// Access tokens for XOAUTH2, made from refresh tokens (RFC 6749 §6) and kept until shortly before they end. One request at a time
// for an account, however many connections wait for it. Failures are sentences that hold no token.
import { MeshError } from '../../../mesh/errors.ts';
import { parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { SpokenSecrets } from '../../machine/spoken-secrets.ts';
import { Secret } from '../../secret.ts';
import type { Account } from '../account.ts';

/** Posts a form to a token endpoint over HTTPS, and rejects when no answer comes in time. The real one is in system/token-form.ts. */
export type PostForm = (
  url: string,
  form: URLSearchParams,
) => Promise<{ readonly status: number; readonly text: string }>;

/** A token is renewed this long before it ends. */
const EARLY_MS = 60_000;
/** A token is taken to live so long when its endpoint does not say (RFC 6749 §5.1 only recommends `expires_in`). */
const EXPIRES_SECONDS = 3_600;

type TokenAuth = Extract<Account['auth'], { readonly kind: 'xoauth2' }>;

interface Held {
  readonly token: Secret;
  readonly untilMs: number;
}

export class AccessTokens {
  readonly #post: PostForm;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #asked = new Map<string, Promise<Secret>>();

  constructor(post: PostForm, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  /** What proves an account to its server: its password, or a token that is valid now. */
  async secretOf(account: Account): Promise<Secret> {
    const { auth, id } = account;
    if (auth === undefined) throw new Error(`Account '${id}' has no login.`);
    if (auth.kind === 'password') return auth.password;
    const held = this.#held.get(id);
    if (held !== undefined && this.#clock.monotonicMs() < held.untilMs) return held.token;
    const asked = this.#asked.get(id) ?? this.#ask(id, auth).finally(() => this.#asked.delete(id));
    this.#asked.set(id, asked);
    return asked;
  }

  /** Forgets the token, which the server refused. The next attempt asks for a new one. */
  refused({ id }: Account): void {
    this.#held.delete(id);
  }

  async #ask(id: string, auth: TokenAuth): Promise<Secret> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: auth.clientId,
      refresh_token: auth.refreshToken.reveal(),
    });
    if (auth.clientSecret !== undefined) form.set('client_secret', auth.clientSecret.reveal());
    if (auth.scope !== undefined) form.set('scope', auth.scope);
    const { host } = new URL(auth.tokenUrl);
    const answer = await this.#post(auth.tokenUrl, form).catch(() => {
      throw failure(`${host} gave no access token for account '${id}': it did not answer`);
    });
    const body = parseAnswer(answer.text);
    if (answer.status !== 200 || typeof body.access_token !== 'string') {
      const error =
        typeof body.error === 'string'
          ? withoutSecrets(body.error, auth)
              .replace(/[^\w.-]/g, '')
              .slice(0, 60)
          : '';
      throw failure(`${host} gave no access token for account '${id}': status ${answer.status} ${error}`.trim());
    }
    const token = new Secret(body.access_token);
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : EXPIRES_SECONDS;
    this.#held.set(id, { token, untilMs: this.#clock.monotonicMs() + seconds * 1_000 - EARLY_MS });
    return token;
  }
}

/** An endpoint may quote the secrets that it refused, so they are cut out of its words. */
function withoutSecrets(text: string, { user, refreshToken, clientSecret }: TokenAuth): string {
  const secrets = new SpokenSecrets();
  secrets.hide(user, refreshToken.reveal());
  if (clientSecret !== undefined) secrets.hide(user, clientSecret.reveal());
  return secrets.scrub(text);
}

function parseAnswer(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseForeignJson(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // The answer is an error page, and its status says enough.
    return {};
  }
}

function failure(sentence: string): MeshError {
  return new MeshError('internal_error', `${sentence}.`);
}
