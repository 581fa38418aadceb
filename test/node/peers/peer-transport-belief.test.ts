import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { NonceCache, secondOfNow } from '../../../mesh/signature/nonces.ts';
import { peerAuth } from '../../../node/http/peers/peer-auth.ts';
import { createShell } from '../../../node/http/shell.ts';
import type { PeerTransportOptions } from '../../../node/peers/peer-transport.ts';
import { serveApp } from '../../support/loopback.ts';
import {
  ANSWER_MS,
  cloud,
  failed,
  lookUp,
  mac,
  outcome,
  PeerLink,
  required,
  strangers,
} from '../../support/peer-link.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';

const { stranger } = testKeys('stranger');
const link = new PeerLink();

/** Sends a request's octets on and returns the answer's, both as they are. */
async function passOn(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(request.replace(/connection: keep-alive/i, 'connection: close'), 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += (chunk as Buffer).toString('latin1');
  return answer;
}

describe('an answer that is not to be believed', () => {
  it.each([
    ['by another key', { signer: stranger.signer }, /signature does not fit/],
    ['as another host', { self: stranger.id, signer: stranger.signer }, /without a signature|speaks as/],
  ])('is refused when it is signed %s, and the peer is suspected', async (_, change, message) => {
    const suspected: string[] = [];
    const server = await link.cloudServer(change);
    const transport = link.transportTo(server, { keys: { ...mac.keys, suspect: (id) => suspected.push(id) } });
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', message));
    expect(suspected).toEqual(['cloud']);
  });

  it.each([required, lookUp])('is refused unsigned, from a peer whose key is known, to %o', async (question) => {
    const server = await link.rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    expect(await outcome(link.transportTo(server).ask(question))).toEqual(
      failed('peer_untrusted', /without a signature/),
    );
  });

  describe('where the operators share a secret', () => {
    const told = (code: 'peer_silent' | 'peer_untrusted' | 'peer_unintelligible'): Partial<PeerTransportOptions> => ({
      keys: {
        ...mac.keys,
        known: () => undefined,
        believesUnsigned: () => false,
        learn: async () => {
          const why = "Host 'cloud' can not be believed.";
          return code === 'peer_silent' ? { kind: 'silent', why } : { kind: 'untrusted', code, why };
        },
      },
    });

    it.each([
      ['peer_untrusted', 'peer_untrusted'],
      ['peer_unintelligible', 'peer_untrusted'],
      ['peer_silent', 'peer_silent'],
    ] as const)('a look-up is not even asked of a peer whose key can not be learned (%s): %s', async (why, code) => {
      const server = await link.cloudServer();
      expect(await outcome(link.transportTo(server, told(why)).ask(lookUp))).toEqual(failed(code));
      expect(server.accepted).toBe(0);
    });

    it('a look-up is asked of one that hosts.json declares legacy, and its unsigned answer is taken', async () => {
      const { keys } = told('peer_untrusted');
      const declared = { keys: { ...(keys ?? mac.keys), believesUnsigned: () => true } };
      expect((await link.transportTo(await link.cloudServer(), declared).ask(lookUp)).status).toBe(200);
    });
  });

  it('is quoted when it is a refusal, so that the log says why', async () => {
    const server = await link.rawServer((socket) => {
      const body = '{"error":"signature_refused","message":"No key of \'mac\' is known here yet."}';
      socket.end(`HTTP/1.1 401 No\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(
      failed('peer_untrusted', /answered 401 without a signature.*No key of 'mac' is known/),
    );
  });

  it('is refused when it answered another question', async () => {
    const real = await link.cloudServer();
    let kept: string | undefined;
    const replaying = await link.rawServer(async (socket, request) => {
      kept ??= await passOn(real.url, request);
      socket.end(kept, 'latin1');
    });
    const transport = link.transportTo(replaying);
    expect(await outcome(transport.ask(required))).toBe('answered');
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', /our request/));
  });

  it('is refused when somebody in between changed it', async () => {
    const real = await link.cloudServer();
    const altering = await link.rawServer(async (socket, request) => {
      socket.end((await passOn(real.url, request)).replace('"from":"mac"', '"from":"max"'), 'latin1');
    });
    expect(await outcome(link.transportTo(altering).ask(required))).toEqual(failed('peer_untrusted', /sha-256/));
  });

  it.each([
    ['was not asked for', {}, '"2"'],
    ['is of another version than was asked about', { 'if-none-match': '"1"' }, '"2"'],
  ])(
    'is refused when it says "unchanged" and that %s, because somebody in between asked so',
    async (_, headers, asked) => {
      const real = await link.cloudServer();
      const asking = await link.rawServer(async (socket, request) => {
        const others = request.replace(/if-none-match: .*\r\n/i, '');
        socket.end(await passOn(real.url, others.replace('\r\n', `\r\nif-none-match: ${asked}\r\n`)), 'latin1');
      });
      const { body, ...get } = required;
      const question = { ...get, method: 'GET', path: '/mesh/version', headers } as const;
      expect(await outcome(link.transportTo(asking).ask(question))).toEqual(failed('peer_unintelligible', /unchanged/));
      const honest = await link.transportTo(real, { random: seededRandom(2) }).ask({
        ...question,
        headers: { 'if-none-match': '"2"' },
      });
      expect(honest).toEqual({
        status: 304,
        body: undefined,
        etag: '"2"',
      });
    },
  );

  it('is told as a refusal when the peer did not take the question for ours', async () => {
    const server = await link.cloudServer({ mayClaim: () => false });
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(
      failed('peer_refused', /^Host 'cloud': It refused the question \(403\)\. It says: "hosts\.json of host 'cloud'/),
    );
  });

  it('confirms the peer when it is believed', async () => {
    const confirmed: string[] = [];
    const keys = { ...mac.keys, confirm: (id: string) => void confirmed.push(id) };
    await link.transportTo(await link.cloudServer(), { keys }).ask(required);
    expect(confirmed).toEqual(['cloud']);
  });
});

describe('a peer whose key is not known', () => {
  it('is asked for it before a question that needs a signed answer', async () => {
    const order: string[] = [];
    let known = false;
    const app = createShell(new RecordingLog());
    app.use('/mesh/*', peerAuth(cloud.auth(link.clock)));
    app.post('/mesh/echo', (c) => {
      order.push('asked');
      return c.json({});
    });
    const server = link.use(await serveApp(app));
    const transport = link.transportTo(server, {
      keys: {
        ...mac.keys,
        known: () => (known ? cloud.key : undefined),
        learn: async () => {
          order.push('learned');
          known = true;
          return { kind: 'known', key: cloud.key };
        },
      },
    });
    await transport.ask(required);
    expect(order).toEqual(['learned', 'asked']);
  });

  it('is not asked anything when it can not be learned', async () => {
    const server = await link.cloudServer();
    const why = "Host 'cloud' is not believed.";
    const learn = async () => ({ kind: 'untrusted', code: 'peer_untrusted', why }) as const;
    const transport = link.transportTo(server, { keys: { ...mac.keys, known: () => undefined, learn } });
    expect(await outcome(transport.ask(required))).toEqual(failed('peer_untrusted', /not believed/));
    expect(server.accepted).toBe(0);
  });

  it('has the deadline of the question to tell it', async () => {
    const transport = link.transportTo(await link.cloudServer(), {
      keys: { ...mac.keys, known: () => undefined, learn: () => new Promise(() => undefined) },
    });
    const asking = outcome(transport.ask(required));
    await link.clock.advance(ANSWER_MS);
    expect(await asking).toEqual(failed('peer_silent', /within 5000 ms/));
  });
});

describe('a peer whose clock differs', () => {
  const ahead = (seconds: number): Clock => ({
    wallMs: () => link.clock.wallMs() + seconds * 1_000,
    monotonicMs: () => link.clock.monotonicMs(),
    sleep: (ms, signal) => link.clock.sleep(ms, signal),
  });
  /** It has just started, by its own clock: what was made before that it does not obey. */
  const justStarted = (seconds: number) => ({
    clock: ahead(seconds),
    nonces: new NonceCache({ sinceSeconds: secondOfNow(ahead(seconds)) }),
  });

  it.each([20, 60])('by %i s is asked by its own clock once it has said what that is', async (seconds) => {
    const server = await link.cloudServer(justStarted(seconds));
    const transport = link.transportTo(server);
    expect((await transport.ask(required)).status).toBe(200);
    expect((await transport.ask(required)).status).toBe(200);
  });

  it.each([
    [61, /clock of host 'cloud' is 61 s ahead of that of host 'mac'; 60 s is the most/],
    [-61, /clock of host 'cloud' is 61 s behind that of host 'mac'; 60 s is the most/],
  ])('by %i s is refused with how much it is, and on which side', async (seconds, sentence) => {
    const suspected: HostId[] = [];
    const keys = { ...mac.keys, suspect: (id: HostId) => void suspected.push(id) };
    const transport = link.transportTo(await link.cloudServer({ clock: ahead(seconds) }), { keys });
    expect(await outcome(transport.ask(required))).toEqual(failed('clock_skew', sentence));
    expect(suspected).toEqual([]);
    // The same of a peer whose key could not be learned for it.
    const unmet = link.transportTo(await link.cloudServer({ clock: ahead(seconds) }), strangers);
    const echo = { ...lookUp, path: '/mesh/echo' };
    expect(await outcome(unmet.ask(echo))).toMatchObject({ code: 'clock_skew' });
  });

  it('only when it started is heard as soon as it is set right', async () => {
    let seconds = 3_600;
    const clock: Clock = { ...ahead(0), wallMs: () => link.clock.wallMs() + seconds * 1_000 };
    const server = await link.cloudServer({ clock, nonces: new NonceCache({ sinceSeconds: secondOfNow(clock) }) });
    const transport = link.transportTo(server);
    expect(await outcome(transport.ask(required))).toMatchObject({ code: 'clock_skew' });
    seconds = 0;
    expect((await transport.ask(required)).status).toBe(200);
  });

  it('is told the same of ours where only it minds', async () => {
    const soon = link.clock.wallMs() / 1_000 + 30;
    const server = await link.cloudServer({ nonces: new NonceCache({ sinceSeconds: () => soon }) });
    expect(await outcome(link.transportTo(server).ask(required))).toEqual(
      failed('clock_skew', /It says: "The clock of host 'mac' is 0 s .* before it started/),
    );
  });
});
