// The question against the real hello route, with somebody in between who may change what is said.
import { describe, expect, it } from 'vitest';
import type { MeshError } from '../../../../mesh/errors.ts';
import { GREETING_LATE_MS_MAX } from '../../../../mesh/peer-silence.ts';
import { contentDigest } from '../../../../mesh/signature/digest.ts';
import { signHello } from '../../../../mesh/signature/hello.ts';
import { helloRoutes } from '../../../../node/http/routes/hello.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { type CallOnce, createHelloAsker } from '../../../../node/peers/keys/hello-question.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { testHost, trustingHosts } from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud } = trustingHosts('mac', 'cloud');
const { lab } = testKeys('lab');
const secret = 'a secret of the operators';

type Answer = Awaited<ReturnType<CallOnce>>;

interface Setting {
  askerSecret?: string;
  answererSecret?: string;
  /** Who answers at cloud's URL. */
  answerer?: typeof mac;
  askedAt?: (target: string) => string;
  change?: (answer: Answer) => Answer | Promise<Answer>;
}

function setUp({ askerSecret, answererSecret, answerer = cloud, askedAt, change }: Setting = {}) {
  const clock = new VirtualClock();
  const app = createShell(new RecordingLog());
  helloRoutes(app, {
    roster: answerer.roster,
    signer: answerer.signer,
    clock,
    software: 'mesh/1',
    secret: answererSecret,
  });
  const callOnce: CallOnce = async ({ origin, target, headers }) => {
    const response = await app.request(`${origin}${askedAt?.(target) ?? target}`, { headers });
    const answer = {
      status: response.status,
      body: new Uint8Array(await response.arrayBuffer()),
      field: (name: string) => response.headers.get(name) ?? undefined,
      address: '10.0.0.7',
    };
    return (await change?.(answer)) ?? answer;
  };
  const hellos = createHelloAsker({
    self: mac.id,
    clock,
    random: seededRandom(1),
    callOnce,
    secret: askerSecret,
  });
  const hello = (signal = new AbortController().signal) => hellos.ask(testHost(cloud.id), signal);
  const failure = () =>
    hello().then(
      () => 'introduced',
      (error: MeshError) => ({ code: error.code, message: error.message }),
    );
  return { clock, hello, failure };
}

function said(change: Record<string, unknown>): (answer: Answer) => Answer {
  return (answer) => {
    const body: object = JSON.parse(Buffer.from(answer.body).toString());
    return { ...answer, body: Buffer.from(JSON.stringify({ ...body, ...change })) };
  };
}

describe('a hello', () => {
  it('learns the key that the peer announces and signs with, and where it answers from', async () => {
    const answer = await setUp().hello();
    expect(answer).toMatchObject({ kind: 'introduced', address: '10.0.0.7', proven: false });
    expect(answer).toHaveProperty('key.text', cloud.key.text);
  });

  it.each([
    ['the key', said({ publicKey: lab.key.text }), 'peer_untrusted'],
    ['the key, by none', said({ publicKey: 'none' }), 'peer_untrusted'],
    ['the nonce', said({ nonce: 'AAECAwQFBgcICQoLDA0ODw' }), 'peer_untrusted'],
    ['the asker', said({ asker: 'lab' }), 'peer_untrusted'],
    ['the asker, by none', said({ asker: undefined }), 'peer_untrusted'],
    ['the name', said({ host: { id: 'cloud', name: 'Evil' } }), 'peer_untrusted'],
    ['the version, to one before', said({ version: 1 }), 'peer_unintelligible'],
    ['the version, to a later one', said({ version: 3 }), 'peer_unintelligible'],
    ['the form', said({ host: 'cloud' }), 'peer_unintelligible'],
    ['the body, by HTML', (answer: Answer) => ({ ...answer, body: Buffer.from('<html>') }), 'peer_unintelligible'],
    ['the body, by null', (answer: Answer) => ({ ...answer, body: Buffer.from('null') }), 'peer_unintelligible'],
    ['the status', (answer: Answer) => ({ ...answer, status: 500 }), 'peer_unintelligible'],
    ['the signature, by none', (answer: Answer) => ({ ...answer, field: () => undefined }), 'peer_untrusted'],
  ])('is refused when somebody changes %s', async (_, change, code) => {
    expect(await setUp({ change }).failure()).toMatchObject({ code });
  });

  it.each([408, 429, 503])('is no word about the peer when it has no time: status %i', async (status) => {
    const change = (answer: Answer) => ({ ...answer, status, body: Buffer.from('{}') });
    expect(await setUp({ change }).failure()).toMatchObject({ code: 'overloaded' });
  });

  it('is refused when another host answers at the URL, and says who', async () => {
    const { lab: stranger } = trustingHosts('lab');
    expect(await setUp({ answerer: stranger }).failure()).toMatchObject({
      code: 'peer_untrusted',
      message: expect.stringContaining("calls itself 'lab'"),
    });
  });

  it('is refused when an answer to an earlier hello comes again', async () => {
    let kept: Answer | undefined;
    const { hello } = setUp({
      change: (answer) => {
        kept ??= answer;
        return kept;
      },
    });
    await hello();
    await expect(hello()).rejects.toMatchObject({ code: 'peer_untrusted' });
  });

  it('is refused when the answer is to another nonce, though signed well', async () => {
    const askedAt = (target: string) => target.replace(/nonce=..../, 'nonce=AAAA');
    expect(await setUp({ askedAt }).failure()).toMatchObject({
      code: 'peer_untrusted',
      message: expect.stringContaining('nonce'),
    });
  });

  it('finds a peer that knows no hello, but answers a look-up', async () => {
    const asked: string[] = [];
    const original = (answer: Answer) => ({ ...answer, status: 200, body: Buffer.from('{}') });
    const change = (answer: Answer) => (asked.length === 2 ? original(answer) : answer);
    const askedAt = (target: string) => {
      asked.push(target);
      return '/nothing';
    };
    expect(await setUp({ askedAt, change }).hello()).toEqual({ kind: 'legacy', address: '10.0.0.7' });
    expect(asked[1]).toMatch(/^\/api\/agents\/email-index\?address=/);
  });

  it('tells no address of such a peer when it answers from two places', async () => {
    let asked = 0;
    const change = (answer: Answer) =>
      asked === 2 ? { ...answer, status: 200, body: Buffer.from('{}'), address: '203.0.113.9' } : answer;
    const askedAt = () => {
      asked += 1;
      return '/nothing';
    };
    expect(await setUp({ askedAt, change }).hello()).toEqual({ kind: 'legacy', address: '' });
  });

  it.each([
    ['404 too', (answer: Answer) => answer],
    ['a list', (answer: Answer) => ({ ...answer, status: 200, body: Buffer.from('[]') })],
    ['HTML', (answer: Answer) => ({ ...answer, status: 200, body: Buffer.from('<html>') })],
  ])('takes nobody for such a peer who answers that look-up with %s', async (_, change) => {
    let asked = 0;
    const second = (answer: Answer) => (asked === 2 ? change(answer) : answer);
    const askedAt = () => {
      asked += 1;
      return '/nothing';
    };
    expect(await setUp({ askedAt, change: second }).failure()).toMatchObject({
      code: 'peer_unintelligible',
      message: expect.stringContaining('it is no host of a mesh'),
    });
  });

  it('ends in time when nobody answers', async () => {
    const { clock, failure } = setUp({ change: () => new Promise(() => undefined) });
    const outcome = failure();
    await clock.advance(GREETING_LATE_MS_MAX);
    expect(await outcome).toMatchObject({ code: 'peer_silent' });
  });

  it('ends when it is given up', async () => {
    const { hello } = setUp({ change: () => new Promise(() => undefined) });
    const giveUp = new AbortController();
    const outcome = expect(hello(giveUp.signal)).rejects.toMatchObject({ code: 'peer_silent' });
    giveUp.abort();
    await outcome;
  });
});

describe('a hello with a secret', () => {
  const proven = (setting: Setting) => setUp(setting).hello();

  it('is proven when both know the same', async () => {
    expect(await proven({ askerSecret: secret, answererSecret: secret })).toMatchObject({ proven: true });
  });

  it.each([
    ['only the asker has one', { askerSecret: secret }],
    ['only the answerer has one', { answererSecret: secret }],
    ['they have different ones', { askerSecret: secret, answererSecret: `${secret}!` }],
  ])('is not proven when %s', async (_, setting) => {
    expect(await proven(setting)).toMatchObject({ kind: 'introduced', proven: false });
  });

  it('is not proven by sending the proof of the question back', async () => {
    const clock = new VirtualClock();
    const impostor: CallOnce = async ({ origin, target }) => {
      const request = new URL(target, origin);
      const [nonce, proof] = [String(request.searchParams.get('nonce')), request.searchParams.get('proof')];
      expect(proof).toMatch(/^[\w-]{43}$/);
      const body = Buffer.from(
        JSON.stringify({
          version: 2,
          host: { id: 'cloud', name: 'x' },
          publicKey: lab.key.text,
          asker: 'mac',
          nonce,
          proof,
        }),
      );
      const response: Record<string, string> = signHello(
        {
          status: 200,
          from: cloud.id,
          to: mac.id,
          digest: contentDigest(body),
          nonce,
          createdSeconds: Math.floor(clock.wallMs() / 1_000),
        },
        lab.signer,
      );
      return { status: 200, body, field: (name) => response[name], address: '10.0.0.7' };
    };
    const random = seededRandom(1);
    const hellos = createHelloAsker({ self: mac.id, clock, random, callOnce: impostor, secret });
    const answer = await hellos.ask(testHost(cloud.id), new AbortController().signal);
    expect(answer).toMatchObject({ kind: 'introduced', proven: false });
  });
});
