// The PeerTransport port: over the channel to a peer where there is one, else by signed requests over undici, whose answers are verified. A
// deadline covers everything, the wait for a place included, by our own clock, because undici's timers are coarse.
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerAnswer, PeerLane, PeerRequest, PeerTransport, Random } from '../../mesh/ports.ts';
import type { Host } from '../../mesh/roster.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { NONCE_BYTES } from '../../mesh/signature/nonces.ts';
import { type RequestParts, signRequest } from '../../mesh/signature/request.ts';
import { isSigned, verifyResponse } from '../../mesh/signature/response.ts';
import { canonicalTarget } from '../../mesh/signature/target.ts';
import { withDeadline } from '../../mesh/time/deadline.ts';
import { askOverChannel } from './channel/channel-question.ts';
import type { Channels } from './channel/channels.ts';
import { askOverKept } from './connections/kept-connection.ts';
import { OctetBudget } from './connections/octet-budget.ts';
import { readAnswer, refused, unsigned } from './connections/peer-answer.ts';
import type { PeerAddresses } from './connections/peer-connector.ts';
import { exchange, type WireAnswer, type WireRequest } from './connections/peer-exchange.ts';
import { Lane } from './connections/peer-lane.ts';
import { PEER_CONNECTIONS_MAX, PeerPools } from './connections/peer-pools.ts';
import { type HostRecords, keptBy } from './forgotten-hosts.ts';
import type { Unlearned } from './keys/first-contact.ts';
import type { PeerKeys } from './keys/peer-keys.ts';
import { PeerClocks } from './peer-clocks.ts';

/** Connections to one peer on which its whole index is read. */
const INDEX_CONNECTIONS_MAX = 2;
/** Octets of peers' whole indexes that are held at once, before they are read. */
const INDEX_BYTES_HELD_MAX = 256 * 1_024 * 1_024;
/** A connection for greetings idles this long where the server promises to keep it: longer than from one greeting to the next (16 s at most). */
export const GREETING_IDLE_MS_MAX = 25_000;
/** Questions of one kind that wait for a connection to one peer; a further question is refused at once. */
const ASKS_WAITING_MAX = 1_024;

export interface PeerTransportOptions {
  readonly self: HostId;
  /** Where a host is. A host that hosts.json lists no more may still be needed. */
  readonly hostOf: (id: HostId) => Host | undefined;
  readonly keys: PeerKeys;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  /** A connection, but for greetings, idles no longer than this, whatever the server would like; `PEER_IDLE_MS_MAX` when absent. */
  readonly idleMsMax?: number;
  /** Questions of one kind on the wire to one peer at once; `PEER_CONNECTIONS_MAX` when absent. */
  readonly asksMax?: number;
  /** Where the names in the hosts' URLs are. */
  readonly addresses: PeerAddresses;
  /** In place of sockets, in simulations. */
  readonly wire?: Wire;
  /** Absent: everything is asked by signed requests. */
  readonly channels?: Channels | undefined;
}

type Wire = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>;

const EMPTY = new Uint8Array();

/** The way to all peers. */
export interface PeerLines extends PeerTransport, AsyncDisposable {
  /** What is kept in memory of hosts that were asked; absent: nothing. */
  readonly kept?: HostRecords;
}

/**
 * A question to a host that has `ASKS_WAITING_MAX` waiting on its lane is refused with `overloaded`, one to a host that is not listed with
 * `peer_silent`. Disposing gives up what is under way (`peer_silent`) and closes every connection.
 */
export function createPeerTransport(options: PeerTransportOptions): PeerLines {
  const { hostOf, clock, addresses, channels } = options;
  const lanes = lanesOf(options);
  const indexes = new OctetBudget(INDEX_BYTES_HELD_MAX);
  const [clocks, stop] = [new PeerClocks(), new AbortController()];
  const letGo = ({ id, url }: Host) => {
    channels?.drop(id);
    lanes.greetings.pools.leave(url);
  };
  const leave = (origin: string) => {
    addresses.forget(new URL(origin).hostname);
    for (const { pools } of Object.values(lanes)) pools.leave(origin);
  };

  return {
    async ask(request, signal) {
      const host = hostOf(request.to);
      if (host === undefined) throw new MeshError('peer_silent', `hosts.json lists no host '${request.to}'.`);
      const { pools } = lanes[request.lane];
      const places = lanes[request.lane].towards(host.id);
      if (places.pendingCount >= ASKS_WAITING_MAX) {
        throw new MeshError(
          'overloaded',
          `Host '${host.id}' was not asked: too many questions to it are waiting already.`,
        );
      }
      const silent = () => new MeshError('peer_silent', silence(host, request, stop.signal, signal));
      const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
      return withDeadline({ clock, ms: request.answerMsMax, signals, silent }, (deadline) =>
        places(async () => {
          deadline.throwIfAborted();
          using reserved = indexes.reserve();
          const counted = request.lane === 'indexes' ? { counted: reserved.add } : {};
          const wire: Wire =
            options.wire ?? ((sent, over) => exchange(pools.of(sent.origin), { ...sent, ...counted }, over));
          const ask = (over: AbortSignal) => askNow(options, { leave, wire, clocks }, host, request, over);
          const isKept = channels?.has(host.id) || pools.keeps(host.url);
          if (request.lane !== 'greetings' || !isKept) return await ask(deadline);
          return await askOverKept({ clock, ask, renew: () => letGo(host) }, deadline);
        }),
      );
    },
    kept: keptBy([clocks, ...Object.values(lanes), ...(channels === undefined ? [] : [channels])]),
    async [Symbol.asyncDispose]() {
      stop.abort();
      const pools = Object.values(lanes).map((lane) => lane.pools.destroy());
      await Promise.all([channels?.[Symbol.asyncDispose](), ...pools]);
    },
  };
}

/** A lane for each kind of question, so that none waits behind another kind. */
function lanesOf({ addresses, idleMsMax, asksMax = PEER_CONNECTIONS_MAX }: PeerTransportOptions) {
  const lane = (placesMax: number, promisedIdleMsMax?: number) =>
    new Lane(new PeerPools(addresses, idleMsMax, promisedIdleMsMax), placesMax);
  return {
    claims: lane(asksMax),
    greetings: lane(asksMax, GREETING_IDLE_MS_MAX),
    'look-ups': lane(asksMax),
    indexes: lane(INDEX_CONNECTIONS_MAX),
    feeds: lane(INDEX_CONNECTIONS_MAX),
  } satisfies Readonly<Record<PeerLane, Lane>>;
}

/** What a question goes over, and what is kept between two of them. */
interface Line {
  /** Lets go of every connection there. */
  leave(origin: string): void;
  readonly wire: Wire;
  readonly clocks: PeerClocks;
}

/** Asks; and once more when the question was refused for its date, and the refusal told the right one. */
async function askNow(
  options: PeerTransportOptions,
  line: Line,
  host: Host,
  request: PeerRequest,
  deadline: AbortSignal,
): Promise<PeerAnswer> {
  const { leave, clocks } = line;
  // Without its key nothing it says could be believed, so nothing is asked before it is known.
  if (request.answerSignature === 'required' || !options.keys.believesUnsigned(host.id)) {
    const learned = await options.keys.learn(host.id, deadline);
    if (learned.kind !== 'known') throw unlearned(learned, request);
  }
  for (let isAgain = false; ; isAgain = true) {
    const dated = clocks.aheadSeconds(host.id);
    try {
      return await askOnce(options, line, host, request, deadline);
    } catch (error) {
      const code = error instanceof MeshError ? error.code : undefined;
      // Without a known key a refusal, too, may be anybody's.
      const isStrangers = code === 'peer_refused' && options.keys.known(host.id) === undefined;
      if (isStrangers || code === 'peer_unintelligible' || code === 'peer_untrusted') leave(host.url);
      const isCorrected = code === 'clock_skew' && clocks.aheadSeconds(host.id) !== dated;
      if (isAgain || !isCorrected) throw naming(host, error);
    }
  }
}

async function askOnce(
  options: PeerTransportOptions,
  { wire, clocks }: Line,
  host: Host,
  request: PeerRequest,
  deadline: AbortSignal,
): Promise<PeerAnswer> {
  const { self, signer, clock, random } = options;
  const target = canonicalTarget(request.path);
  const body = request.body === undefined ? EMPTY : Buffer.from(JSON.stringify(request.body));
  const said = await askOverChannel(options.channels, host, { request, target, body }, deadline);
  if (said !== undefined) return answerOf(request, said, clock);
  const { headers, parts } = signRequest(
    {
      method: request.method,
      target,
      from: self,
      to: host.id,
      body,
      createdSeconds: Math.floor(clock.wallMs() / 1_000) + clocks.aheadSeconds(host.id),
      nonce: Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url'),
    },
    signer,
  );
  const answer = await wire(
    {
      origin: host.url,
      method: request.method,
      target,
      headers: {
        ...request.headers,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body,
      answerBytesMax: request.answerBytesMax,
    },
    deadline,
  );
  verify(options, clocks, host, request, answer, parts);
  return answerOf(request, { ...answer, etag: answer.field('etag') }, clock);
}

async function answerOf(
  request: PeerRequest,
  answer: Pick<WireAnswer, 'status' | 'body'> & { readonly etag?: string | undefined },
  clock: Clock,
): Promise<PeerAnswer> {
  const { status, etag } = answer;
  refuseStrangeUnchanged(request, status, etag);
  return {
    status,
    ...(await readAnswer(answer, request, clock)),
    ...(etag === undefined ? {} : { etag }),
  };
}

/** Returns when the answer counts: it is the peer's own, or one that nobody need have signed. */
function verify(
  { keys, clock, self }: PeerTransportOptions,
  clocks: PeerClocks,
  host: Host,
  request: PeerRequest,
  answer: WireAnswer,
  sent: RequestParts,
): void {
  const key = keys.known(host.id);
  if (key === undefined && request.answerSignature === 'known-key' && keys.believesUnsigned(host.id)) {
    // Nobody's word, but no answer either: it says better than a guess why.
    if (answer.status === 401) throw refused(answer);
    return;
  }
  if (key === undefined) throw new MeshError('peer_untrusted', 'Its key is no longer known here.');
  if (!isSigned(answer)) throw unsigned(answer);
  const nowSeconds = Math.floor(clock.wallMs() / 1_000);
  const verified = verifiedBy(keys, host.id, () =>
    verifyResponse(answer, { from: host.id, to: self, key, request: sent, nowSeconds }),
  );
  keys.confirm(host.id);
  const refusal = verified.kind === 'refusal' ? refused(answer) : undefined;
  clocks.heard(host.id, verified.createdSeconds - nowSeconds, refusal?.code === 'clock_skew');
  if (refusal !== undefined) throw refusal;
}

function verifiedBy<T>(keys: PeerKeys, from: HostId, verifying: () => T): T {
  try {
    return verifying();
  } catch (error) {
    // What is of another time is signed with its key all the same.
    if (!(error instanceof MeshError && error.code === 'clock_skew')) keys.suspect(from);
    throw error;
  }
}

/** The request's headers are not signed: that we asked about this very version must show in the answer. */
function refuseStrangeUnchanged({ headers }: PeerRequest, status: number, etag: string | undefined): void {
  if (status !== 304 || (etag !== undefined && etag === headers?.['if-none-match'])) return;
  throw new MeshError('peer_unintelligible', 'It says "unchanged" (304) of another version than the one asked about.');
}

function unlearned(outcome: Unlearned, { answerSignature }: PeerRequest): MeshError {
  if (outcome.kind === 'silent') return new MeshError('peer_silent', outcome.why);
  // Whatever a host without a key would answer, nobody could tell that it is its own.
  const isAnybodys =
    outcome.kind === 'legacy' || (answerSignature !== 'required' && outcome.code === 'peer_unintelligible');
  return new MeshError(isAnybodys ? 'peer_untrusted' : outcome.code, outcome.why);
}

function naming(host: Host, error: unknown): unknown {
  return error instanceof MeshError ? error.reworded(`Host '${host.id}': ${error.message}`) : error;
}

function silence(host: Host, request: PeerRequest, stopped: AbortSignal, signal: AbortSignal | undefined): string {
  if (stopped.aborted) return `Host '${host.id}' was not waited for: this node is stopping.`;
  if (signal?.aborted) return `Host '${host.id}' was not waited for: the question was given up.`;
  return `Host '${host.id}' gave no complete answer within ${request.answerMsMax} ms.`;
}
