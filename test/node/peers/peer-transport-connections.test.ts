// What the transport's connections carry at once, and how long they are kept.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock, PeerLane, PeerRequest } from '../../../mesh/ports.ts';
import { answerJson } from '../../../node/http/peers/answer-signature.ts';
import { optionalPeerAuth } from '../../../node/http/peers/peer-auth.ts';
import { createShell } from '../../../node/http/shell.ts';
import { KEPT_ANSWER_MS_MAX } from '../../../node/peers/connections/kept-connection.ts';
import { PEER_IDLE_MS_MAX } from '../../../node/peers/connections/peer-pools.ts';
import { type LoopbackServer, serveApp } from '../../support/loopback.ts';
import { ANSWER_MS, cloud, failed, lookUp, outcome, PeerLink, required, strangers } from '../../support/peer-link.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { systemAddresses } from '../../support/system-names.ts';

const link = new PeerLink();

describe('more questions than places', () => {
  it('wait, and their waiting counts', async () => {
    const server = await link.rawServer(() => undefined);
    const transport = link.transportTo(server, { asksMax: 2 });
    const first = [1, 2].map(() => outcome(transport.ask(required)));
    const waiting = outcome(transport.ask({ ...required, answerMsMax: 1_000 }));
    await server.acceptedAtLeast(2);
    await link.clock.advance(1_000);
    expect(await waiting).toEqual(failed('peer_silent', /within 1000 ms/));
    await link.clock.advance(ANSWER_MS);
    expect(await Promise.all(first)).toEqual(Array(2).fill(failed('peer_silent')));
    expect(server.accepted).toBe(2);
  });

  it('go on when a place is free', async () => {
    let [now, most] = [0, 0];
    const app = createShell(new RecordingLog());
    app.get('/index', async (c) => {
      now += 1;
      most = Math.max(most, now);
      await nextTurn();
      now -= 1;
      return c.json({});
    });
    const transport = link.transportTo(link.use(await serveApp(app)), { ...strangers, asksMax: 2 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => transport.ask(lookUp)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(most).toBe(2);
  });

  it('do not keep claims waiting when look-ups hang', async () => {
    const silent = await link.rawServer(() => undefined);
    const transport = link.transportTo(silent, { asksMax: 2 });
    const hanging = [1, 2, 3].map(() => outcome(transport.ask(lookUp)));
    await silent.acceptedAtLeast(2);
    cloud.listensAt((await link.cloudServer()).url);
    expect(await outcome(transport.ask(required))).toBe('answered');
    await link.clock.advance(ANSWER_MS);
    await Promise.all(hanging);
  });
});

describe('kinds of questions', () => {
  const LANES: readonly PeerLane[] = ['claims', 'greetings', 'look-ups', 'indexes'];

  it.each(LANES)('each have their own connections: %s go on while the others hang', async (lane) => {
    const silent = await link.rawServer((socket, request) => {
      if (request.startsWith('GET /mine')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
    const transport = link.transportTo(silent, { ...strangers, asksMax: 2 });
    const others = LANES.filter((other) => other !== lane);
    const hanging = others.flatMap((other) => [1, 2, 3].map(() => outcome(transport.ask({ ...lookUp, lane: other }))));
    await silent.acceptedAtLeast(2 * others.length);
    expect(await outcome(transport.ask({ ...lookUp, lane, path: '/mine' }))).toBe('answered');
    await link.clock.advance(ANSWER_MS);
    await Promise.all(hanging);
  });

  it('say that the peer is busy when it says so before it looks who asks', async () => {
    const app = createShell(new RecordingLog());
    app.get('/index', (c) => c.json({}, 429));
    expect(await outcome(link.transportTo(link.use(await serveApp(app))).ask(lookUp))).toEqual(failed('overloaded'));
  });
});

describe('a whole index', () => {
  const index: PeerRequest = { ...lookUp, lane: 'indexes', answerBytesMax: 64 * 1_024 * 1_024 };
  const answering = async (body: string, headers: Record<string, string> = {}) => {
    const app = createShell(new RecordingLog());
    app.get('/index', (c) => c.body(body, 200, headers));
    return link.use(await serveApp(app));
  };

  it('is read in turns, into its members', async () => {
    const members = Array.from({ length: 20_000 }, (_, at) => [`a${at}@x.com`, { agentId: `a${at}` }] as const);
    const server = await answering(JSON.stringify(Object.fromEntries(members)));
    let [nowMs, turns] = [0, 0];
    const tired: Clock = {
      wallMs: () => nowMs,
      monotonicMs: () => {
        nowMs += 1;
        return nowMs;
      },
      sleep: (ms, signal) => {
        if (ms > 0) return link.clock.sleep(ms, signal);
        turns += 1;
        return Promise.resolve();
      },
    };
    const answer = await link.transportTo(server, { ...strangers, clock: tired }).ask(index);
    expect(answer).toEqual({ status: 200, body: undefined, members });
    expect(turns).toBeGreaterThan(5);
  });

  it('that is nested without end is refused before it is parsed', async () => {
    const server = await answering(`{"a@x.com":${'['.repeat(5_000_000)}`);
    expect(await outcome(link.transportTo(server, strangers).ask(index))).toEqual(
      failed('peer_unintelligible', /nested deeper than 64 levels/),
    );
  });

  it('that is unsigned where a key is known is not parsed at all', async () => {
    const server = await answering('['.repeat(5_000_000));
    expect(await outcome(link.transportTo(server).ask(index))).toEqual(
      failed('peer_untrusted', /without a signature\.$/),
    );
  });

  it('is believed when it is signed, however large it is', async () => {
    const app = createShell(new RecordingLog());
    app.use('/index', optionalPeerAuth(cloud.auth(link.clock)));
    const large = {
      'a@x.com': { agentId: 'a' },
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${at}@x.com`, '-'.repeat(100)])),
    };
    app.get('/index', (c) => answerJson(c, large));
    const answer = await link.transportTo(link.use(await serveApp(app))).ask(index);
    expect(answer.members).toHaveLength(20_001);
  });
});

describe('a name that leads elsewhere', () => {
  function transportAt(server: LoopbackServer) {
    const forgotten: string[] = [];
    const addresses = { lookup: systemAddresses.lookup, forget: (name: string) => void forgotten.push(name) };
    return { forgotten, transport: link.transportTo(server, { addresses }) };
  }
  const says = (text: string) => (socket: Socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nkeep-alive: timeout=600\r\n\r\n${text}`);

  it.each([
    ['not signed', says('{}'), 'peer_untrusted'],
    ['no JSON', says('<html>'), 'peer_unintelligible'],
    [
      'a redirect',
      (socket: Socket) => socket.write('HTTP/1.1 301 Moved\r\nlocation: /\r\n\r\n'),
      'peer_unintelligible',
    ],
  ])('is asked for anew, and its connection let go of, when what answers is %s', async (_, stranger, code) => {
    const wrong = await link.rawServer(stranger);
    const { forgotten, transport } = transportAt(wrong);
    expect(await outcome(transport.ask(required))).toMatchObject({ code });
    expect(forgotten).toEqual(['127.0.0.1']);
    await wrong.emptied();
    expect(await outcome(transport.ask(required))).toMatchObject({ code });
    expect(wrong.accepted).toBe(2);
  });

  it('is asked for anew when somebody whose key is not known refuses', async () => {
    const wrong = await link.rawServer((socket) => socket.write('HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\n{}'));
    const forgotten: string[] = [];
    const addresses = { lookup: systemAddresses.lookup, forget: (name: string) => void forgotten.push(name) };
    const transport = link.transportTo(wrong, { ...strangers, addresses });
    expect(await outcome(transport.ask(lookUp))).toMatchObject({ code: 'peer_refused' });
    expect(forgotten).toEqual(['127.0.0.1']);
    await wrong.emptied();
  });

  it('is held on to when the peer itself refuses', async () => {
    const { forgotten, transport } = transportAt(await link.cloudServer({ mayClaim: () => false }));
    expect(await outcome(transport.ask(required))).toMatchObject({ code: 'peer_refused' });
    expect(forgotten).toEqual([]);
  });

  it('is not held on to by an idle connection, whatever the server would like', { timeout: 20_000 }, async () => {
    const server = await link.rawServer(says('{}'));
    const transport = link.transportTo(server, { ...strangers, idleMsMax: 100 });
    expect((await transport.ask(lookUp)).status).toBe(200);
    await server.emptied();
    expect(PEER_IDLE_MS_MAX).toBeLessThanOrEqual(10_000);
  });
});

describe('a connection for greetings', () => {
  const greeting: PeerRequest = { ...lookUp, lane: 'greetings' };
  const says = (socket: Socket, ...fields: string[]) =>
    socket.write(`HTTP/1.1 ${['200 OK', 'content-length: 2', ...fields].join('\r\n')}\r\n\r\n{}`);
  const promise = 'keep-alive: timeout=600';

  it('is kept where the server promises to keep it, and no other', { timeout: 20_000 }, async () => {
    const closed: Promise<unknown>[] = [];
    const server = await link.rawServer((socket) => {
      closed.push(once(socket, 'close'));
      says(socket, promise);
    });
    const transport = link.transportTo(server, { ...strangers, idleMsMax: 100 });
    await transport.ask(greeting);
    await transport.ask(lookUp);
    await closed[1];
    expect(server.open).toBe(1);
  });

  it('is not kept where the server promises nothing', { timeout: 20_000 }, async () => {
    const server = await link.rawServer((socket) => says(socket));
    const transport = link.transportTo(server, { ...strangers, idleMsMax: 100 });
    await transport.ask(greeting);
    await server.emptied();
  });

  it.each<[string, PeerLane, string, number]>([
    ['breaks is made anew', 'greetings', 'answered', 2],
    ['breaks under a claim is not, for a claim may not come twice', 'claims', 'peer_silent', 1],
  ])('that was kept and %s', async (_, lane, how, accepted) => {
    const server = await link.rawServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
      says(socket, promise);
    });
    const transport = link.transportTo(server, strangers);
    await transport.ask({ ...lookUp, lane });
    await link.clock.settle();
    const end = await outcome(transport.ask({ ...lookUp, lane }));
    expect(typeof end === 'string' ? end : (end as { readonly code: string }).code).toBe(how);
    expect(server.accepted).toBe(accepted);
    expect(link.clock.sleepers).toBe(0);
  });

  it('that was kept and says nothing any more does not keep a greeting from its answer', async () => {
    const server = await link.rawServer((socket) => says(socket, promise));
    const transport = link.transportTo(server, strangers);
    await transport.ask(greeting);
    await link.clock.settle();
    const again = outcome(transport.ask(greeting));
    await link.clock.advance(KEPT_ANSWER_MS_MAX);
    expect(await again).toBe('answered');
    expect(server.accepted).toBe(2);
  });
});
