// One request on the wire and its whole answer, through undici: bounded in size, never redirected, never unpacked. The
// deadline is the caller's signal, which covers the body too. What fails leaves as a `MeshError` that says what the peer did.
import { type Dispatcher, errors } from 'undici';
import { MeshError } from '../../../mesh/errors.ts';
import { runningDigest } from '../../../mesh/signature/digest.ts';

/** Hashed in one go: about a millisecond's work. */
const ONE_GO_BYTES_MAX = 512 * 1_024;
/** Interim answers (1xx) before the one that counts: sent without end they would keep this node busy until the deadline. */
const INTERIM_ANSWERS_MAX = 16;

export interface WireRequest {
  /** `http(s)://host:port`. */
  readonly origin: string;
  readonly method: 'GET' | 'POST';
  /** Path with query, sent as it is. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent or empty: no body. */
  readonly body?: Uint8Array;
  /** Octets of the answer's body that are read before it is given up. */
  readonly answerBytesMax: number;
  /** Told of octets of the body as they arrive, at least of a large one; what it throws ends the exchange. */
  readonly counted?: (octets: number) => void;
}

export interface WireAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** Content-Digest of a large body, computed while it arrived. */
  readonly digest?: string;
  /** A header field by its lower-case name; several lines joined by `, `. */
  field(name: string): string | undefined;
}

/**
 * Resolves with any answer but a redirect. Rejects with `peer_silent` or `peer_unintelligible`; with the signal's reason when
 * it aborts. Afterwards nothing of the exchange is left open, except an idle connection after a complete answer.
 */
export async function exchange(dispatcher: Dispatcher, request: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
  try {
    const answer = await dispatcher.request({
      origin: request.origin,
      path: request.target,
      method: request.method,
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...request.headers },
      body: request.body?.byteLength ? request.body : null,
      signal,
      onInfo: boundedInterim(),
    });
    const { statusCode: status, headers } = answer;
    const field = (name: string) => joined(headers[name]);
    const refusal = unreadable(status, field, request.answerBytesMax);
    if (refusal !== undefined) {
      discard(answer.body);
      throw refusal;
    }
    // An announced length, already found small enough, is kept to by the parser; only a body without one is counted.
    const length = field('content-length');
    if (length !== undefined && Number(length) <= ONE_GO_BYTES_MAX)
      return { status, field, body: await answer.body.bytes() };
    return { status, field, ...(await readBounded(answer.body, request)) };
  } catch (error) {
    signal.throwIfAborted();
    throw asMeshError(error, request.origin);
  }
}

/** What it throws ends the exchange. */
function boundedInterim(): () => void {
  let interim = 0;
  return () => {
    interim += 1;
    if (interim > INTERIM_ANSWERS_MAX)
      throw new MeshError('peer_unintelligible', 'It sends interim answers (1xx) without end, and no other.');
  };
}

function unreadable(
  status: number,
  field: (name: string) => string | undefined,
  bytesMax: number,
): MeshError | undefined {
  if (status >= 300 && status < 400 && status !== 304) {
    return new MeshError('peer_unintelligible', `It answered with a redirect (${status}), which is never followed.`);
  }
  const encoding = field('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    return new MeshError(
      'peer_unintelligible',
      `It packed its answer (${encoding.slice(0, 40)}) without being asked to.`,
    );
  }
  return Number(field('content-length') ?? 0) > bytesMax ? tooLarge(bytesMax) : undefined;
}

async function readBounded(
  body: Dispatcher.ResponseData['body'],
  { answerBytesMax: bytesMax, counted }: WireRequest,
): Promise<Pick<WireAnswer, 'body' | 'digest'>> {
  // Grows by doubling: to join 64 MiB of pieces at the end takes longer than others may wait.
  let held = Buffer.allocUnsafeSlow(ONE_GO_BYTES_MAX);
  const digest = runningDigest();
  let size = 0;
  // Leaving the loop early destroys the body, and the connection with it.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const begin = size;
    size += chunk.byteLength;
    if (size > bytesMax) throw tooLarge(bytesMax);
    counted?.(chunk.byteLength);
    if (size > held.byteLength) held = grown(held, begin, size);
    held.set(chunk, begin);
    digest.add(chunk);
  }
  return { body: held.subarray(0, size), digest: digest.value() };
}

function grown(held: Buffer, begin: number, bytesMin: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * held.byteLength, bytesMin));
  held.copy(larger, 0, 0, begin);
  return larger;
}

function tooLarge(bytesMax: number): MeshError {
  return new MeshError(
    'peer_unintelligible',
    `Its answer is larger than ${bytesMax} octets, the most that is read here.`,
  );
}

function discard(body: Dispatcher.ResponseData['body']): void {
  // Destroying an unread body is reported as an error; the refusal that led here is the one to tell.
  body.on('error', () => undefined).destroy();
}

/** What a peer does wrong on the wire is told apart from what we do wrong: an invalid argument is a bug of the caller. */
function asMeshError(error: unknown, origin: string): unknown {
  if (error instanceof MeshError || error instanceof errors.InvalidArgumentError) return error;
  const cause = error as Error & { code?: string };
  if (cause instanceof errors.HeadersOverflowError) {
    return new MeshError('peer_unintelligible', 'Its answer has more header fields than are read here.', { cause });
  }
  if (cause instanceof errors.HTTPParserError || cause instanceof errors.ResponseContentLengthMismatchError) {
    return new MeshError('peer_unintelligible', `It does not speak HTTP (${cause.message}).`, { cause });
  }
  return new MeshError('peer_silent', `No answer from ${origin}: ${cause.code ?? cause.message}.`, { cause });
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}
