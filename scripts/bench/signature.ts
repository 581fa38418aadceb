// What a signed message costs beyond Ed25519 itself: our signing and verifying of a request and of its answer, beside the
// bare signature of as many octets, in turns in the same run.
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { parseHostId } from '../../mesh/names.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import { parsePublicKey, type Signer } from '../../mesh/signature/ed25519.ts';
import { orRefuse } from '../../mesh/signature/faults.ts';
import { NonceCache } from '../../mesh/signature/nonces.ts';
import { acceptRequest, openRequest, signRequest } from '../../mesh/signature/request.ts';
import { signResponse, verifyResponse } from '../../mesh/signature/response.ts';
import { type Benchmark, type Figure, median } from './figure.ts';

/** Messages of one turn: short turns, so that both sides meet the same moods of the machine. */
const MESSAGES = 100;
const TURNS_PER_ROUND = 10;
const NOW_SECONDS = 1_770_000_000;
/** What we promise: a message costs at most this much of what the bare signature costs. */
const COST_RATIO_MAX = 1.25;

export const signatureBenchmark: Benchmark = {
  name: 'signatures',
  about:
    'What a signed message between hosts costs beyond Ed25519 itself: a request and its answer, beside the bare signature of as many octets.',
  figures: ['request, signed', 'request, verified', 'answer, signed', 'answer, verified'],
  async run(rounds) {
    const sides = prepare();
    const costs = new Map<string, number[]>();
    for (let turn = 0; turn < (rounds + 1) * TURNS_PER_ROUND; turn += 1) {
      for (const [name, work] of Object.entries(sides)) {
        const microseconds = timed(work, turn);
        // The first round warms up.
        if (turn >= TURNS_PER_ROUND) costs.set(name, [...(costs.get(name) ?? []), microseconds]);
      }
    }
    const of = (name: keyof typeof sides) => median(costs.get(name) ?? []);
    return [
      figure('request, signed', of('signRequest'), 'bare sign', of('sign')),
      figure('request, verified', of('verifyRequest'), 'bare verify', of('verify')),
      figure('answer, signed', of('signResponse'), 'bare sign', of('sign')),
      figure('answer, verified', of('verifyResponse'), 'bare verify', of('verify')),
    ];
  },
};

function figure(name: string, value: number, baseline: string, baselineValue: number): Figure {
  return {
    name,
    value,
    unit: 'µs',
    baseline: { name: baseline, value: baselineValue },
    target: `≤ ${COST_RATIO_MAX} × bare Ed25519`,
    kept: value <= COST_RATIO_MAX * baselineValue,
  };
}

/** Microseconds for one message, over `MESSAGES` of them. */
function timed(work: (message: number, turn: number) => void, turn: number): number {
  const startMs = performance.now();
  for (let message = 0; message < MESSAGES; message += 1) work(message, turn);
  return ((performance.now() - startMs) / MESSAGES) * 1_000;
}

/** Two hosts, and the key that both sign with. */
function parties() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = parsePublicKey(publicKey.export({ format: 'jwk' }).x ?? '');
  const [from, to] = [parseHostId('mac-mini'), parseHostId('cloud')];
  if (!key || !from || !to) throw new Error('the benchmark made a key or a host id that is none');
  const signer: Signer = { publicKey: key.text, sign: (bytes) => sign(null, bytes, privateKey) };
  return { privateKey, publicKey, key, from, to, signer };
}

function prepare() {
  const { privateKey, publicKey, key, from, to, signer } = parties();
  const body = Buffer.from(JSON.stringify({ version: 1, keys: ['titania@23blocks.example.com'], ballot: [7, from] }));
  const target = '/api/mesh/v1/prepare';
  const nonces = new NonceCache({ sinceSeconds: () => 0 });
  const signed = (number: number, turn: number) =>
    signRequest(
      {
        method: 'POST',
        target,
        from,
        to,
        body,
        createdSeconds: NOW_SECONDS + turn,
        nonce: `${turn}-${number}`.padStart(22, '0'),
      },
      signer,
    );
  const { headers, parts } = signed(0, -1);
  const accepted = (request: Readonly<Record<string, string>>, nowSeconds: number) =>
    orRefuse(
      acceptRequest(orRefuse(openRequest(receivedOf(target, request))), { self: to, body, key, nonces, nowSeconds }),
    );
  const example = accepted(headers, NOW_SECONDS);
  const exampleSignature = Buffer.from(example.signatureBytes);
  const response = { status: 200, from: to, to: from, request: example, createdSeconds: NOW_SECONDS };
  const answer: Record<string, string> = signResponse({ ...response, digest: contentDigest(body) }, signer);
  // Each request is verified once only, so each turn verifies those that it signed.
  let sent: Readonly<Record<string, string>>[] = [];
  return {
    sign: () => void sign(null, example.base, privateKey),
    signRequest: (number: number, turn: number) => {
      if (number === 0) sent = [];
      sent.push(signed(number, turn).headers);
    },
    signResponse: () => void signResponse({ ...response, digest: contentDigest(body) }, signer),
    verify: () => void verify(null, example.base, publicKey, exampleSignature),
    verifyRequest: (number: number, turn: number) => void accepted(sent[number] ?? {}, NOW_SECONDS + turn),
    verifyResponse: () =>
      verifyResponse(
        { status: 200, body, field: (name) => answer[name] },
        { from: to, to: from, key, request: parts, nowSeconds: NOW_SECONDS },
      ),
  };
}

function receivedOf(target: string, headers: Readonly<Record<string, string>>) {
  return { method: 'POST', target, field: (name: string) => headers[name] };
}
