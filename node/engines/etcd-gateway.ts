// etcd's JSON gateway: several endpoints, of which one that answers is enough, and a login. Every question that the claims ask may be
// asked again of another endpoint, though the first may still carry it out later, when it wakes: whoever asks is told of that.
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { JsonFault, parseForeignJson } from '../../mesh/json/foreign-json.ts';
import { FILE_BOUNDS } from '../../mesh/json/json-shape.ts';
import type { Clock } from '../../mesh/ports.ts';
import { type Deadline, startDeadline, untilAborted } from '../../mesh/time/deadline.ts';
import { SpokenSecrets } from '../machine/spoken-secrets.ts';

/** An endpoint of several that has not answered by then is left for the next. When all were asked it is twice as long, and so on. */
const TRY_MS_MAX = 1_500;
const CONNECT_MS_MAX = 5_000;
/** A login is shared by all who wait for it, so it has a time of its own. */
const LOGIN_MS_MAX = 5_000;
const CONNECTIONS_MAX = 16;

export interface Login {
  readonly name: string;
  readonly password: string;
}

export interface Asked {
  readonly answer: unknown;
  /** An endpoint that did not answer was asked before, and may do it again at any time. */
  readonly mayComeAgain: boolean;
}

interface Reply extends Asked {
  readonly status: number;
}

export interface EtcdGatewayOptions {
  readonly clock: Clock;
  /** `http://host:port`, one for each endpoint. */
  readonly origins: readonly string[];
  readonly login: Login | undefined;
  /** PEM of the certificates to trust; the system's when absent. */
  readonly ca: string | undefined;
  /** The look-up of the endpoints' names; the system's when absent. */
  readonly lookup: LookupFunction | undefined;
}

export class EtcdGateway {
  readonly #clock: Clock;
  readonly #origins: readonly string[];
  readonly #login: Login | undefined;
  readonly #secrets = new SpokenSecrets();
  readonly #agent: Agent;
  readonly #closing = new AbortController();
  #token: Promise<string> | undefined;
  /** The endpoint that answered last is asked first. */
  #first = 0;

  constructor({ clock, origins, login, ca, lookup }: EtcdGatewayOptions) {
    this.#clock = clock;
    this.#origins = origins;
    this.#login = login;
    if (login !== undefined) this.#secrets.hide(login.name, login.password);
    const connect = { timeout: CONNECT_MS_MAX, ...(ca === undefined ? {} : { ca }), ...(lookup && { lookup }) };
    this.#agent = new Agent({ connections: CONNECTIONS_MAX, headersTimeout: 0, bodyTimeout: 0, connect });
  }

  /** Rejects with a sentence when no endpoint answered, or one that did refused. */
  async ask(path: string, body: unknown, signal: AbortSignal): Promise<Asked> {
    const token = this.#loggedIn();
    let reply = await this.#post(path, body, await outcomeOf(token, signal), signal);
    // A token that ran out is refused by 401, one from before any user or role was changed by 400; so a new one is tried at each.
    if (token !== undefined && reply.status >= 400 && reply.status < 500) {
      if (this.#token === token) this.#token = undefined;
      const { mayComeAgain } = reply;
      reply = await this.#post(path, body, await outcomeOf(this.#loggedIn(), signal), signal);
      reply = { ...reply, mayComeAgain: mayComeAgain || reply.mayComeAgain };
    }
    if (reply.status === 200) return reply;
    throw new Error(this.#refusal(reply));
  }

  /** Gives up what is asked, and closes every connection. */
  close(): Promise<void> {
    this.#closing.abort(new Error('The node is stopping.'));
    return this.#agent.close();
  }

  /** `undefined`: without a login. Those who ask at once share one, which goes on when any of them gives up. */
  #loggedIn(): Promise<string> | undefined {
    if (this.#login === undefined) return undefined;
    this.#token ??= this.#begin(this.#login);
    return this.#token;
  }

  #begin(login: Login): Promise<string> {
    const token = this.#authenticate(login);
    token.catch(() => {
      if (this.#token === token) this.#token = undefined;
    });
    return token;
  }

  async #authenticate(login: Login): Promise<string> {
    using bound = startDeadline(this.#deadline(LOGIN_MS_MAX, this.#closing.signal));
    const reply = await this.#post('/v3/auth/authenticate', login, undefined, bound.signal);
    const { token } = reply.answer as { token?: unknown };
    if (reply.status === 200 && typeof token === 'string') return token;
    if (reply.status >= 500) throw new Error(this.#refusal(reply));
    throw new Error(`etcd refuses the user or the password of MESH_CLAIMS (${reply.status}).`);
  }

  /**
   * Asks one endpoint after the other, until one answers that is not in trouble itself (5xx: no leader). Where any of them is late, all are asked
   * again while the asker waits: a busy one that was left may be well, and the one behind it hang for good.
   */
  async #post(path: string, body: unknown, token: string | undefined, signal: AbortSignal): Promise<Reply> {
    const count = this.#origins.length;
    const first = this.#first;
    let isAnyLate = true;
    let outcome: { readonly reply: Reply } | { readonly trouble: unknown } = { trouble: signal.reason };
    for (let tried = 0, ms = TRY_MS_MAX; isAnyLate && !signal.aborted; ms *= 2) {
      isAnyLate = false;
      for (let turn = 0; turn < count && !signal.aborted; turn += 1, tried += 1) {
        const at = (first + turn) % count;
        // The only one has the whole time of the asker.
        using bound = count === 1 ? undefined : startDeadline(this.#deadline(ms, signal));
        try {
          const answered = await this.#postTo(`${this.#origins[at]}${path}`, body, token, bound?.signal ?? signal);
          const reply = { ...answered, mayComeAgain: tried > 0 };
          if (reply.status < 500) return reply;
          outcome = { reply };
        } catch (error) {
          if (bound?.signal.aborted === true) isAnyLate = true;
          outcome = { trouble: error };
        }
        // Others may have found one that works meanwhile.
        if (this.#first === at) this.#first = (at + 1) % count;
      }
    }
    if ('reply' in outcome) return outcome.reply;
    const { message } = (signal.aborted ? signal.reason : outcome.trouble) as Error;
    throw new Error(`etcd at ${this.#origins.join(', ')} can't be asked: ${message}.`);
  }

  #deadline(ms: number, signal: AbortSignal): Deadline {
    const late = () => new Error(`no answer came within ${ms / 1_000} s`);
    return { clock: this.#clock, ms, signals: [signal], silent: (end) => (end === 'cut' ? signal.reason : late()) };
  }

  async #postTo(url: string, body: unknown, token: string | undefined, signal: AbortSignal) {
    const response = await request(url, {
      method: 'POST',
      dispatcher: this.#agent,
      signal,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: token }) },
      body: JSON.stringify(body),
    });
    return { status: response.statusCode, answer: parse(await response.body.text()) };
  }

  /** The server may quote what it was sent. */
  #refusal({ status, answer }: Pick<Reply, 'status' | 'answer'>): string {
    const said = this.#secrets.scrub(String((answer as { message?: unknown } | null)?.message));
    return `etcd answered ${status}: ${said.slice(0, 200)}.`;
  }
}

function parse(text: string): unknown {
  try {
    return parseForeignJson(text, FILE_BOUNDS);
  } catch (fault) {
    // The parser's own words would quote the text.
    if (fault instanceof JsonFault) throw new Error('its answer is not JSON');
    throw fault;
  }
}

/** The token, unless this asker stops waiting for it. */
async function outcomeOf(token: Promise<string> | undefined, signal: AbortSignal): Promise<string | undefined> {
  return token && untilAborted(signal, token);
}
