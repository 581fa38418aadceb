// Passes requests below /api/v1/ on to the program that the operator names, the original beside this node, and its answers back, piece by piece
// both ways. The node's own guard judges each connection, though the one address that is named is open by the operator's word. Headers of one
// connection stay on it (RFC 9110 section 7.6.1), and what opens this node is not shown to another program.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type net from 'node:net';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { connect } from '../webhooks/guard/connector.ts';
import { createGuard, type GuardOptions } from '../webhooks/guard/guard.ts';

export interface ForwardOptions {
  /** Where the other program listens: `http://IP:port`. */
  readonly target: URL;
  /** Where this node listens: nothing is forwarded there. */
  readonly listening: GuardOptions['listening'];
  /** Whether an `Authorization` header opens this node. */
  readonly isOurs: (authorization: string) => boolean;
  readonly clock: Clock;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

const FORWARDS_MAX = 64;
/** Octets of a request's body. */
const BODY_BYTES_MAX = 64 * 1_024 * 1_024;
/** Without an octet on the connection. */
const QUIET_MS_MAX = 120_000;
const HOP_BY_HOP =
  /^(?:connection|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|te|trailer|transfer-encoding|upgrade)$/;
/** Headers that this node answers to itself, or that are for it alone. */
const OWN = /^(?:host|cookie|expect)$/;
const VIA = '1.1 agent-email-mesh';
const BODYLESS = [204, 205, 304];

export class Forward {
  readonly #options: ForwardOptions;
  readonly #guard: ReturnType<typeof createGuard>;
  #underWay = 0;

  constructor(options: ForwardOptions) {
    const { target, listening, clock } = options;
    const address = target.hostname.replace(/^\[|\]$/g, '');
    const port = portOf(target);
    this.#options = options;
    this.#guard = createGuard({
      ...{ clock, listening, loopbackAllowed: false },
      allow: [{ port, covers: (found) => found === address }],
      resolve: () => Promise.reject(new Error('The program that is forwarded to is named by its IP address.')),
    });
  }

  /** Throws `overloaded`, and `peer_silent` when the other program gives no answer. */
  async pass(request: Request): Promise<Response> {
    if (this.#underWay >= FORWARDS_MAX)
      throw new MeshError('overloaded', `${FORWARDS_MAX} requests are being forwarded already. Try again shortly.`, {
        retryAfterSeconds: 1,
      });
    this.#underWay += 1;
    const signal = AbortSignal.any([request.signal, this.#options.stopping]);
    try {
      const answer = await this.#ask(request, signal);
      answer.once('close', () => {
        this.#underWay -= 1;
      });
      const status = answer.statusCode ?? 502;
      const headers = passedOn(answer, () => true);
      if (!BODYLESS.includes(status) && request.method !== 'HEAD')
        return new Response(Readable.toWeb(answer) as globalThis.ReadableStream<Uint8Array>, { status, headers });
      answer.resume();
      return new Response(null, { status, headers });
    } catch (error) {
      this.#underWay -= 1;
      throw error instanceof MeshError ? error : this.#silent(error as Error);
    }
  }

  async #ask(request: Request, signal: AbortSignal): Promise<IncomingMessage> {
    const { target, clock, isOurs } = this.#options;
    const receiver = { host: target.hostname.replace(/^\[|\]$/g, ''), port: portOf(target), isTls: false };
    const socket = await connect(receiver, { guard: this.#guard, clock }, signal);
    const { pathname, search } = new URL(request.url);
    const headers = passedOn({ rawHeaders: [...request.headers].flat() }, (name, value) => {
      if (name === 'authorization') return !isOurs(value);
      return !OWN.test(name);
    });
    headers.push(['host', target.host], ['via', VIA]);
    const asking = httpRequest({
      ...{ method: request.method, path: pathname + search, headers: headers.flat(), setHost: false, signal },
      createConnection: () => socket,
    });
    socket.setTimeout(QUIET_MS_MAX, () => socket.destroy(new Error(`it said nothing for ${QUIET_MS_MAX / 1_000} s`)));
    return answerTo(asking, socket, request.body as ReadableStream<Uint8Array> | null);
  }

  #silent(cause: Error): MeshError {
    const { target } = this.#options;
    return new MeshError(
      'peer_silent',
      `The program at ${target.origin} (MESH_FORWARD) gives no answer: ${cause.message}.`,
      {
        cause,
      },
    );
  }
}

function answerTo(
  asking: ClientRequest,
  socket: net.Socket,
  body: ReadableStream<Uint8Array> | null,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asking.once('response', resolve);
    asking.on('error', reject);
    const fail = (error: Error) => {
      reject(error);
      socket.destroy();
    };
    if (body === null) asking.end();
    else pipeline(Readable.fromWeb(body), bounded(), asking).catch(fail);
  });
}

/** Lets octets through up to the most that a body may have. */
function bounded(): Transform {
  let bytes = 0;
  return new Transform({
    transform(octets: Uint8Array, _, done) {
      bytes += octets.byteLength;
      if (bytes <= BODY_BYTES_MAX) done(null, octets);
      else done(new MeshError('payload_too_large', `A body that is forwarded has at most ${BODY_BYTES_MAX} octets.`));
    },
  });
}

/** Headers that go beyond the connection they came on, and that `isWanted`. */
function passedOn(
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  isWanted: (name: string, value: string) => boolean,
): [string, string][] {
  const all: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    all.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  const named = all
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/));
  return all.filter(([name, value]) => !HOP_BY_HOP.test(name) && !named.includes(name) && isWanted(name, value));
}

function portOf({ port }: URL): number {
  return port === '' ? 80 : Number(port);
}
