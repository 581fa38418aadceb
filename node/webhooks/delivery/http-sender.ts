// The Sender port over Node's HTTP client: one POST to a stranger, bounded in time by our own clock and in size. No redirect is
// followed, nothing is unpacked, and of the answer only the status line and `Retry-After` are kept. Interim answers (RFC 9110 §15.2),
// which anybody may send unasked, are passed over, a few of them; undici takes a 100 for the end of the connection.
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { type RunningDeadline, startDeadline } from '../../../mesh/time/deadline.ts';
import { createGuardedAgents, type GuardedAgents, type Ways } from '../guard/connector.ts';
import {
  DRAIN_MS_MAX,
  INTERIM_ANSWERS_MAX,
  POST_MS_MAX,
  RESPONSE_BYTES_MAX,
  RESPONSE_HEADERS_BYTES_MAX,
} from '../limits.ts';
import type { Outcome, SendError } from './outcome.ts';
import type { Post, Sender } from './sender.ts';

/** Must be closed; `close` cuts off what is in flight. */
export function createSender(ways: Ways): Sender & { close(): Promise<void> } {
  const { guard, clock } = ways;
  const agents = createGuardedAgents(ways);
  return {
    async post(post, signal) {
      const startedMs = clock.monotonicMs();
      using deadline = timeLimit(POST_MS_MAX, clock, signal);
      try {
        const answer = await begin(agents, guard.admit(post.url), post, deadline.signal);
        await discard(answer, clock, deadline.signal);
        const { statusCode: status = 0, headers } = answer;
        return { kind: 'answered', status, retryAfter: headers['retry-after'], tookMs: since(startedMs, clock) };
      } catch (error) {
        const isLate = deadline.end === 'late';
        return failure(error, { isLate, isCutOff: signal.aborted, tookMs: since(startedMs, clock) });
      }
    },
    async close() {
      agents[Symbol.dispose]();
    },
  };
}

function begin(
  agents: GuardedAgents,
  url: URL,
  { headers, body }: Post,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options = { method: 'POST', agent: agents.of(url), headers, signal, maxHeaderSize: RESPONSE_HEADERS_BYTES_MAX };
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, options).once('response', resolve);
    // Stays for the life of the request: what goes wrong after the answer has begun is the body's to tell.
    sent.on('error', reject);
    let interim = 0;
    const passOver = () => {
      interim += 1;
      if (interim <= INTERIM_ANSWERS_MAX) return;
      const message = `The receiver sent more than ${INTERIM_ANSWERS_MAX} interim answers (1xx) and no other.`;
      sent.destroy(Object.assign(new Error(message), { code: 'ECONNRESET' }));
    };
    sent.on('information', passOver);
    sent.once('upgrade', (_, socket) => {
      socket.destroy();
      reject(Object.assign(new Error('The receiver switched protocols unasked (101).'), { code: 'ECONNRESET' }));
    });
    sent.end(body);
  });
}

/**
 * Reads what is left of an answer whose status is known, so that its connection can serve again; a body that is long, slow or
 * broken costs the connection and changes nothing else.
 */
async function discard(body: IncomingMessage, clock: Clock, signal: AbortSignal): Promise<void> {
  using limit = timeLimit(DRAIN_MS_MAX, clock, signal);
  const stop = () => body.destroy();
  limit.signal.addEventListener('abort', stop, { once: true });
  let size = 0;
  try {
    for await (const chunk of body) {
      size += (chunk as Uint8Array).byteLength;
      if (size > RESPONSE_BYTES_MAX) break;
    }
  } catch {
    // The status line has decided already; how the body ended is of no interest.
  }
}

/** What the error says is not read: how the deadline ended is. */
function timeLimit(ms: number, clock: Clock, parent: AbortSignal): RunningDeadline {
  return startDeadline({ clock, ms, signals: [parent], silent: () => new Error('The attempt has taken its time.') });
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
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  // Of Node's parser: what came does not even begin like HTTP, or breaks its rules.
  if (code.startsWith('HPE_')) return 'not_http';
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return 'tls_failed';
  return 'connection_lost';
}

function since(startedMs: number, clock: Clock): number {
  return Math.round(clock.monotonicMs() - startedMs);
}
