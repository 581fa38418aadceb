// Asks a peer who it is, at the URL that our own hosts.json gives for it, and checks everything about the answer but whether its key may be
// believed: that is judged in first-contact.ts. The question never follows what an inbound message says.
import { MeshError } from '../../../mesh/errors.ts';
import { isMap, parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import { LEGACY_PROBE_PATH } from '../../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_LATE_MS_MAX } from '../../../mesh/peer-silence.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import type { Host } from '../../../mesh/roster.ts';
import { type PublicKey, parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import { verifyHello } from '../../../mesh/signature/hello.ts';
import { NONCE_BYTES } from '../../../mesh/signature/nonces.ts';
import type { ReceivedResponse } from '../../../mesh/signature/statement.ts';
import { withDeadline } from '../../../mesh/time/deadline.ts';
import { HELLO_PATH, HELLO_VERSION, type HelloAnswer, helloAnswer, proofFits, proofOf } from './hello.ts';

/** The answer to a hello is about 300 octets. */
const HELLO_ANSWER_BYTES_MAX = 16 * 1_024;
/** What a host says that has no time: it did not read the question in its time, has too many, or starts or ends (RFC 9110 section 15.5.9, RFC 6585 section 4). */
const BUSY: readonly number[] = [408, 429, 503];

/** A peer that announced a key and proved that it has the private part. */
export interface Introduction {
  readonly kind: 'introduced';
  readonly key: PublicKey;
  /** Where the answer came from, as the socket says. */
  readonly address: string;
  /** Whether it also proved to know our secret; `false` when we have none. */
  readonly proven: boolean;
}

/** A peer that knows no hello and answers a look-up. Both answers are unsigned, so anybody on the way can give them. */
export interface LegacyPeer {
  readonly kind: 'legacy';
  /** Where both answers came from, as the sockets say; empty when they came from two places. */
  readonly address: string;
}

export interface HelloAsker {
  /** Rejects with `peer_silent`, `overloaded`, `peer_unintelligible` or `peer_untrusted`. */
  ask(host: Host, signal: AbortSignal): Promise<Introduction | LegacyPeer>;
}

/** One request over a connection of its own, which is closed afterwards. */
export type CallOnce = (
  call: {
    readonly origin: string;
    readonly target: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly answerBytesMax: number;
  },
  signal: AbortSignal,
) => Promise<ReceivedResponse & { readonly address: string }>;

export interface HelloAskerOptions {
  readonly self: HostId;
  readonly clock: Clock;
  readonly random: Random;
  readonly callOnce: CallOnce;
  /** Shared by the operators of all hosts. */
  readonly secret?: string | undefined;
}

/**
 * Asks with a nonce of its own each time, so that no answer to another question counts. A 404 is no refusal: then a look-up is asked,
 * which a legacy host answers.
 */
export function createHelloAsker(options: HelloAskerOptions): HelloAsker {
  const { self, clock, random, secret } = options;
  return {
    ask(host, signal) {
      const silent = () =>
        new MeshError('peer_silent', `Host '${host.id}' did not answer a hello within ${GREETING_LATE_MS_MAX} ms.`);
      return withDeadline({ clock, ms: GREETING_LATE_MS_MAX, signals: [signal], silent }, async (deadline) => {
        const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url');
        const answer = await options.callOnce(question(options, host, nonce), deadline);
        if (answer.status === 404) return await lookUpAt(host, answer.address, options.callOnce, deadline);
        if (BUSY.includes(answer.status)) throw busy(host, answer.status);
        const said = parseAnswer(host, answer);
        const key = parsePublicKey(said.publicKey);
        if (!key) throw wrong(host, 'announces a public key that is none');
        if (said.host.id !== host.id) {
          throw wrong(host, `calls itself '${said.host.id.slice(0, 64)}'; hosts.json has another host's URL there`);
        }
        if (said.nonce !== nonce) throw wrong(host, 'answers a hello with a nonce that is not the one asked with');
        if (said.asker !== self) throw wrong(host, 'answers a hello of another host than this one');
        const nowSeconds = Math.floor(clock.wallMs() / 1_000);
        verifyHello(answer, { from: host.id, to: self, key, nonce, nowSeconds });
        const terms = { asker: self, answerer: host.id, nonce, publicKey: key.text };
        const proven = secret !== undefined && proofFits(said.proof, secret, terms);
        return { kind: 'introduced', key, address: answer.address, proven };
      });
    },
  };
}

/** A 404 alone may come of a proxy in between, or of another program. */
async function lookUpAt(
  host: Host,
  helloAddress: string,
  callOnce: CallOnce,
  deadline: AbortSignal,
): Promise<LegacyPeer> {
  const call = {
    origin: host.url,
    target: LEGACY_PROBE_PATH,
    headers: { 'x-federated-query': 'true' },
    answerBytesMax: HELLO_ANSWER_BYTES_MAX,
  };
  const { status, body, address } = await callOnce(call, deadline);
  if (status === 200 && isMap(parseJson(body)))
    return { kind: 'legacy', address: address === helloAddress ? address : '' };
  throw unclear(
    host,
    `answers a hello with status 404, and a look-up with ${status} and no map: it is no host of a mesh`,
  );
}

function parseJson(body: Uint8Array): unknown {
  try {
    return parseForeignJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // Not JSON is an answer here: the caller says what it means.
    return undefined;
  }
}

/** Unsigned: whoever is asked need not know this host's key, and would not look at a signature. */
function question({ self, secret }: HelloAskerOptions, host: Host, nonce: string): Parameters<CallOnce>[0] {
  const proof = secret === undefined ? '' : `&proof=${proofOf(secret, { asker: self, answerer: host.id, nonce })}`;
  const target = `${HELLO_PATH}?from=${self}&nonce=${nonce}${proof}`;
  return { origin: host.url, target, headers: {}, answerBytesMax: HELLO_ANSWER_BYTES_MAX };
}

function parseAnswer(host: Host, answer: ReceivedResponse): HelloAnswer {
  const body = parseJson(answer.body);
  if (body === undefined) throw unclear(host, `answers a hello with status ${answer.status} and no JSON`);
  if (answer.status !== 200) throw unclear(host, `answers a hello with status ${answer.status}`);
  const version = (body as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== HELLO_VERSION) {
    throw unclear(
      host,
      `speaks version ${version} of the mesh's messages; this host speaks ${HELLO_VERSION}: the older of the two must be brought up to date`,
    );
  }
  const parsed = helloAnswer.safeParse(body);
  if (!parsed.success) throw unclear(host, 'answers a hello in a form that is not known here', parsed.error);
  return parsed.data;
}

/** Nobody need have signed it: it is worth as much as silence. */
function busy(host: Host, status: number): MeshError {
  return new MeshError(
    'overloaded',
    `Host '${host.id}' at ${host.url} has no time to say who it is (status ${status}).`,
  );
}

function unclear(host: Host, what: string, cause?: unknown): MeshError {
  return new MeshError('peer_unintelligible', `Host '${host.id}' at ${host.url} ${what}.`, { cause });
}

function wrong(host: Host, what: string): MeshError {
  return new MeshError('peer_untrusted', `Host '${host.id}' at ${host.url} ${what}.`);
}
