import { describe, expect, it } from 'vitest';
import { CHANNEL_PATH } from '../../../../mesh/channel/handshake.ts';
import { KEY_MS_MAX } from '../../../../mesh/channel/limits.ts';
import type { PeerRequest } from '../../../../mesh/ports.ts';
import { byHand, closed, question } from '../../../support/channel-by-hand.ts';
import { type ChannelLinkOptions, channelLink, opened, stranger, until } from '../../../support/channel-link.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { mac, cloud } = testKeys('mac', 'cloud');

const CLAIM: PeerRequest = {
  ...{ to: cloud.id, lane: 'claims', method: 'POST', path: '/api/mesh/v1/claims/messages', body: { a: 1 } },
  ...{ answerMsMax: 1_000, answerBytesMax: 512 * 1_024, answerSignature: 'known-key' },
};
const LOOK_UP: PeerRequest = {
  ...{ to: cloud.id, lane: 'look-ups', method: 'GET', path: '/api/agents/email-index?address=a@x.com' },
  headers: { 'X-Federated-Query': 'true' },
  ...{ answerMsMax: 5_000, answerBytesMax: 512 * 1_024, answerSignature: 'known-key' },
};
const json = (value: unknown, status = 200) => ({ status, body: Buffer.from(JSON.stringify(value)) });
const OVER_CHANNEL = { over: 'channel' };
const OVER_HTTP = { over: 'HTTP' };

describe('a question to a peer', () => {
  it('goes by a request while there is no channel, and over the channel once there is', async () => {
    const link = await channelLink();
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
    await link.opened();
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_CHANNEL);
    expect([link.requested.length, link.asked.length]).toEqual([1, 1]);
  });

  it('says over the channel what it says in a request', async () => {
    const link = await opened();
    await link.transport.ask(CLAIM);
    await link.transport.ask(LOOK_UP);
    expect(link.asked.map(({ signal, ...said }) => ({ ...said, body: Buffer.from(said.body).toString() }))).toEqual([
      { from: mac.id, method: 'POST', target: CLAIM.path, fields: {}, body: '{"a":1}' },
      { from: mac.id, method: 'GET', target: LOOK_UP.path, fields: { 'x-federated-query': 'true' }, body: '' },
    ]);
  });

  it('is answered with whatever status and body there is', async () => {
    const link = await opened({ answer: () => json({ error: 'conflict' }, 409) });
    expect(await link.transport.ask(CLAIM)).toMatchObject({ status: 409, body: { error: 'conflict' } });
  });

  it('is answered "unchanged" only of the version that was asked about', async () => {
    const link = await opened({ answer: () => ({ status: 304, etag: '"2"', body: Buffer.alloc(0) }) });
    const ask = (tag: string) => link.transport.ask({ ...LOOK_UP, headers: { 'if-none-match': tag } });
    expect(await ask('"2"')).toMatchObject({ status: 304, etag: '"2"' });
    await expect(ask('"1"')).rejects.toMatchObject({ code: 'peer_unintelligible' });
  });

  it.each([
    ['no JSON', { status: 200, body: Buffer.from('{') }, CLAIM],
    ['too large', json('x'.repeat(2_000)), { ...CLAIM, answerBytesMax: 1_000 }],
  ])('whose answer is %s has none', async (_, answer, request) => {
    const link = await opened({ answer: () => answer });
    await expect(link.transport.ask(request)).rejects.toMatchObject({ code: 'peer_unintelligible' });
    expect(link.channels.has(link.cloudId)).toBe(true);
  });

  it('has its own answer, however many are asked at once, and in whichever order they are answered', async () => {
    const link = await opened({
      answer: async ({ body }) => {
        const { n } = JSON.parse(Buffer.from(body).toString());
        for (let turn = 0; turn < (n * 7) % 5; turn += 1) await new Promise((next) => setImmediate(next));
        return json({ n });
      },
    });
    const numbers = Array.from({ length: 60 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => link.transport.ask({ ...CLAIM, body: { n } })));
    expect(answers.map(({ body }) => body)).toEqual(numbers.map((n) => ({ n })));
    expect(link.requested).toEqual([]);
  });

  it('goes by a request when 64 others of its lane wait for their answers', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const link = await opened({ answer: () => promise.then(() => json(OVER_CHANNEL)) });
    const asking = Array.from({ length: 2 }, () => link.transport.ask({ ...LOOK_UP, lane: 'feeds' }));
    const others = Array.from({ length: 62 }, () => link.transport.ask(LOOK_UP));
    await until(link, () => link.asked.length === 64);
    expect((await link.transport.ask(LOOK_UP)).body).toEqual(OVER_HTTP);
    const claim = link.transport.ask(CLAIM);
    resolve();
    expect((await claim).body).toEqual(OVER_CHANNEL);
    await Promise.all([...asking, ...others]);
  });

  it('has an answer of many pieces, larger than what may be under way at once', async () => {
    const large = { text: 'x'.repeat(500 * 1_024) };
    const link = await opened({ answer: () => json(large) });
    const answers = await Promise.all([1, 2, 3, 4].map(() => link.transport.ask(LOOK_UP)));
    expect(answers.map(({ body }) => body)).toEqual([large, large, large, large]);
    expect((await link.transport.ask(CLAIM)).body).toEqual(large);
    expect(link.requested).toEqual([]);
  });

  it('of a peer that is seldom asked has no channel opened, and goes over one that is there', async () => {
    const link = await channelLink();
    const seldom = { ...LOOK_UP, isSeldom: true };
    for (let asked = 0; asked < 3; asked += 1) {
      expect((await link.transport.ask(seldom)).body).toEqual(OVER_HTTP);
      await link.clock.advance(100);
    }
    expect(link.sockets).toEqual([]);
    await link.transport.ask(LOOK_UP);
    await link.opened();
    expect((await link.transport.ask(seldom)).body).toEqual(OVER_CHANNEL);
  });

  it('about a whole index goes by a request', async () => {
    const link = await opened();
    await link.transport.ask({ ...LOOK_UP, lane: 'indexes', path: '/api/agents/email-index' });
    expect([link.asked.length, link.requested.length]).toEqual([0, 1]);
  });

  it('is cancelled at its deadline, and what was late is no answer to the next one', async () => {
    const late = Promise.withResolvers<void>();
    const link = await opened({
      answer: async ({ body }) => {
        if (Buffer.from(body).toString() === '{"a":1}') await late.promise;
        return json(JSON.parse(Buffer.from(body).toString()));
      },
    });
    const asking = link.transport.ask(CLAIM);
    const silent = expect(asking).rejects.toMatchObject({ code: 'peer_silent' });
    await until(link, () => link.asked.length === 1);
    const signal = link.asked[0]?.signal();
    expect((await link.transport.ask({ ...CLAIM, body: { a: 2 } })).body).toEqual({ a: 2 });
    await link.clock.advance(1_000);
    await silent;
    await until(link, () => signal?.aborted === true);
    late.resolve();
    expect((await link.transport.ask({ ...CLAIM, body: { a: 3 } })).body).toEqual({ a: 3 });
    expect(link.requested).toEqual([]);
  });

  it('is asked again by a request when the channel ends before its answer', async () => {
    const link = await opened({ answer: () => new Promise(() => undefined) });
    const asking = link.transport.ask(CLAIM);
    await until(link, () => link.asked.length === 1);
    link.sockets[0]?.destroy();
    expect((await asking).body).toEqual(OVER_HTTP);
  });

  it('that waits in vain while nothing else comes ends the channel: the connection may be dead', async () => {
    const link = await opened({ answer: () => new Promise(() => undefined) });
    const asking = expect(link.transport.ask(CLAIM)).rejects.toMatchObject({ code: 'peer_silent' });
    await until(link, () => link.asked.length === 1);
    await link.clock.advance(1_000);
    await asking;
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
  });

  it('of the second lane may wait long: a host that has no news is not dead', async () => {
    const link = await opened({ answer: ({ method }) => (method === 'GET' ? new Promise(() => undefined) : json({})) });
    const asking = expect(link.transport.ask(LOOK_UP)).rejects.toMatchObject({ code: 'peer_silent' });
    await until(link, () => link.asked.length === 1);
    await link.clock.advance(5_000);
    await asking;
    await link.transport.ask(CLAIM);
    expect(link.requested).toEqual([]);
  });
});

describe('a channel that can not be', () => {
  it('of a peer of an earlier version, is offered seldom, and everything goes by requests', async () => {
    const link = await channelLink({ isOld: true });
    for (let second = 0; second < 120; second += 1) {
      expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
      await link.clock.advance(1_000);
    }
    const offers = link.requested.filter((path) => path === CHANNEL_PATH).length;
    expect(offers).toBeGreaterThanOrEqual(3);
    expect(offers).toBeLessThanOrEqual(12);
    expect(link.log.named('channel.not_opened')).toHaveLength(1);
  });

  it.each([
    ['only mac has the secret', { mac: { secret: 'a secret of mac' } }],
    ['only cloud has the secret', { cloud: { secret: 'a secret of cloud' } }],
    ['the secrets differ', { mac: { secret: 'a secret' }, cloud: { secret: 'another' } }],
    ['cloud has another key', { cloud: { signer: stranger.signer } }],
    ['mac has another key', { mac: { signer: stranger.signer } }],
    ['cloud may not be told of yet', { cloud: { start: () => undefined } }],
    ['cloud does not hear mac', { cloud: { mayClaim: () => false } }],
    ['the clocks differ', { mac: { clock: new VirtualClock(Date.UTC(2020, 1)) } }],
  ] satisfies [string, ChannelLinkOptions][])('as %s, is not opened, and requests go on', async (_, options) => {
    const link = await channelLink(options);
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
    await until(link, () => link.log.events.some(({ event }) => event.startsWith('channel.')));
    expect(link.channels.has(link.cloudId)).toBe(false);
    expect(link.asked).toEqual([]);
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
  });

  it('opens when both have the secret', async () => {
    const secret = 'a secret of both';
    const link = await opened({ mac: { secret }, cloud: { secret } });
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_CHANNEL);
  });

  it('any more, as another start of cloud speaks, is opened anew', async () => {
    let start = 'cloud.1.a';
    const link = await opened({ cloud: { start: () => start } });
    start = 'other.1.a';
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
    await link.clock.advance(2_000);
    await link.opened();
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_CHANNEL);
  });

  it('any longer, as its key is a day old, is renewed before it ends, and no question misses it', async () => {
    const link = await opened();
    await link.transport.ask(CLAIM);
    await link.clock.advance(KEY_MS_MAX);
    await link.transport.ask(CLAIM);
    await until(link, () => link.sockets.length === 2 && link.sockets[0]?.destroyed === true);
    await link.transport.ask(CLAIM);
    expect([link.asked.length, link.requested.length, link.sockets[1]?.destroyed]).toEqual([3, 0, false]);
  });

  it('any longer, as its key is older by an hour, ends: its asker should have renewed it', async () => {
    const link = await channelLink();
    const { socket, sealer } = await byHand(link);
    await link.clock.advance(KEY_MS_MAX + 3_600_001);
    const gone = closed(socket);
    socket.write(sealer.seal(1, question()));
    await gone;
    expect(link.asked).toEqual([]);
  });

  it('last, as somebody ends each, is opened ever more seldom', async () => {
    const link = await opened();
    for (let second = 0; second < 60; second += 1) {
      for (const socket of link.sockets) socket.destroy();
      await link.clock.settle();
      expect((await link.transport.ask(CLAIM)).status).toBe(200);
      await link.clock.advance(1_000);
    }
    expect(link.sockets.length).toBeLessThan(10);
    expect(link.sockets.length).toBeGreaterThan(2);
  });

  it('any more, as cloud ended it or somebody cut it, is told of; not so where this host let it go', async () => {
    const lost: string[] = [];
    const link = await opened({ mac: { lost: (id) => lost.push(id) } });
    link.channels.drop(cloud.id);
    await until(link, () => link.sockets[0]?.destroyed === true);
    expect(lost).toEqual([]);
    await link.opened();
    link.sockets[1]?.destroy();
    await until(link, () => lost.length === 1);
    await link.clock.advance(2_000);
    await link.opened();
    link.server.end();
    await until(link, () => lost.length === 2);
    expect(lost).toEqual([cloud.id, cloud.id]);
  });

  it('any more, as cloud stops, ends when all is answered', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const link = await opened({ answer: () => promise.then(() => json(OVER_CHANNEL)) });
    const asking = link.transport.ask(CLAIM);
    await until(link, () => link.asked.length === 1);
    link.server.end();
    await link.clock.settle();
    resolve();
    expect((await asking).body).toEqual(OVER_CHANNEL);
    await until(link, () => link.sockets.every((socket) => socket.destroyed));
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
  });
});
