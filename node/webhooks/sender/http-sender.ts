// The Sender port over HTTP/1.1: one POST to a stranger, bounded in time by our own clock and in size. No redirect is followed, nothing is
// unpacked, and of the answer only the status line and `Retry-After` are kept. Interim answers (RFC 9110 §15.2), which anybody may send
// unasked, are passed over, a few of them.
// Step 6 of node/webhooks/README.md, "A delivery, step by step".
import { MeshError } from '../../../mesh/errors.ts';
import { EqualDeadlines } from '../../../mesh/time/equal-deadlines.ts';
import { connect, type Ways } from '../guard/connector.ts';
import type { Outcome, SendError } from '../schedule/outcome.ts';
import { AnswerError } from './answer-reader.ts';
import { AttemptEnd } from './attempt-end.ts';
import { type Answer, Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { requestOctets } from './request-octets.ts';
import type { Post, Sender } from './sender.ts';

/** One attempt, everything in it; and what is spent on a body that nobody reads once the status is known. */
const POST_MS_MAX = 15 * 1_000;
const DRAIN_MS_MAX = 1_000;

/** Must be closed; `close` cuts off what is in flight. */
export function createSender(ways: Ways): Sender & { close(): Promise<void> } {
  return new HttpSender(ways);
}

interface Attempt {
  readonly url: URL;
  readonly request: Uint8Array;
  readonly end: AttemptEnd;
}

class HttpSender implements Sender {
  readonly #ways: Ways;
  readonly #connections: Connections;
  readonly #attempts: EqualDeadlines;
  readonly #drains: EqualDeadlines;
  readonly #closing = new AbortController();

  constructor(ways: Ways) {
    this.#ways = ways;
    this.#connections = new Connections(ways.clock);
    this.#attempts = new EqualDeadlines(ways.clock, POST_MS_MAX);
    this.#drains = new EqualDeadlines(ways.clock, DRAIN_MS_MAX);
  }

  async post(post: Post, signal: AbortSignal): Promise<Outcome> {
    const { guard, clock } = this.#ways;
    const startedMs = clock.monotonicMs();
    const took = () => Math.round(clock.monotonicMs() - startedMs);
    using end = new AttemptEnd(this.#attempts, signal);
    try {
      const url = guard.admit(post.url);
      const { status, retryAfter } = await this.#ask(url, requestOctets(url, post), end);
      return { kind: 'answered', status, retryAfter, tookMs: took() };
    } catch (error) {
      return failure(error, { isLate: end.how === 'late', isCutOff: signal.aborted, tookMs: took() });
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connections.close();
    this.#attempts.stop();
    this.#drains.stop();
  }

  async #ask(url: URL, request: Uint8Array, end: AttemptEnd): Promise<Answer> {
    end.throwIfCome();
    const idle = this.#connections.reuse(url.origin);
    if (idle === undefined) return this.#askOver(await this.#open(url, end), { url, request, end });
    try {
      return await this.#askOver(idle, { url, request, end });
    } catch (error) {
      // The receiver closed it, as it may at any time, before the request came: nothing is wrong with the receiver.
      if (idle.hasAnswered) throw error;
      end.throwIfCome();
      return this.#askOver(await this.#open(url, end), { url, request, end });
    }
  }

  async #askOver(connection: Connection, { url, request, end }: Attempt): Promise<Answer> {
    let drained = () => {};
    const draining = () => {
      const tooSlow = () => connection.close(new Error('The body has taken its time.'));
      const stop = this.#drains.start(tooSlow);
      drained = () => void stop();
    };
    end.does((why) => connection.close(why));
    // It may have come while nobody was waiting for anything.
    end.throwIfCome();
    const answer = await connection.ask(request, { draining });
    drained();
    this.#connections.giveBack(url.origin, connection);
    return answer;
  }

  async #open(url: URL, end: AttemptEnd): Promise<Connection> {
    const isTls = url.protocol === 'https:';
    const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
    const givenUp = new AbortController();
    end.does((why) => givenUp.abort(why));
    const signal = AbortSignal.any([givenUp.signal, this.#closing.signal]);
    const socket = await connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, isTls }, this.#ways, signal);
    const connection: Connection = new Connection(socket, () => this.#connections.remove(connection));
    this.#connections.add(connection);
    return connection;
  }
}

interface Circumstances {
  readonly isLate: boolean;
  readonly isCutOff: boolean;
  readonly tookMs: number;
}

/** Names what went wrong. What has no code, or blames an argument, is a bug of ours and is thrown on. */
function failure(error: unknown, { isLate, isCutOff, tookMs }: Circumstances): Outcome {
  const failed = (name: SendError, message: string): Outcome => ({ kind: 'failed', error: name, message, tookMs });
  if (isCutOff) return failed('cut_off', 'The node cut the attempt off.');
  if (isLate) return failed('timeout', `No complete answer within ${POST_MS_MAX / 1_000} s.`);
  if (error instanceof AnswerError) return failed(error.sendError, error.message);
  const refusal = causes(error).find((cause) => cause instanceof MeshError);
  if (refusal) return failed('url_refused', refusal.message);
  for (const cause of causes(error)) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    if (code !== undefined && !/^ERR_(?:INVALID|UNESCAPED)_/.test(code))
      return failed(nameOf(code), cause.message === '' ? code : cause.message);
  }
  throw error;
}

/** An error and those it wraps: some wrap, and Node groups the failures of several addresses. */
function causes(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  const grouped = error instanceof AggregateError ? error.errors : [];
  return [error, ...[...grouped, error.cause].flatMap(causes)];
}

function nameOf(code: string): SendError {
  if (code === 'ETIMEDOUT') return 'connect_timeout';
  if (code === 'EPROXY') return 'proxy_failed';
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL', 'EAI_NONAME'].includes(code)) return 'name_unresolved';
  if (/^E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|ADDRNOTAVAIL|ACCES|PERM)$/.test(code))
    return 'connect_failed';
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return 'tls_failed';
  return 'connection_lost';
}
