// What the host that answers a channel holds against whoever offers one, and against whoever asks over it.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FrameSealer } from '../../../../mesh/channel/frames.ts';
import { CHANNEL_PATH, CHANNEL_PROTOCOL } from '../../../../mesh/channel/handshake.ts';
import { byHand, closed, offerOf, question, upgrade } from '../../../support/channel-by-hand.ts';
import { type ChannelLink, channelLink, opened, stranger, until } from '../../../support/channel-link.ts';
import { testKeys } from '../../../support/test-keys.ts';

const { mac } = testKeys('mac');

describe('an offer of a channel', () => {
  it.each([
    ['without its fields', () => ({}), 401],
    [
      'with a share that is none',
      (link: ChannelLink) => ({ ...offerOf(link).fields, 'mesh-share': 'A'.repeat(43) }),
      401,
    ],
    ['to another host', (link: ChannelLink) => ({ ...offerOf(link).fields, 'mesh-to': 'lab' }), 401],
    ['of this host itself', (link: ChannelLink) => ({ ...offerOf(link).fields, 'mesh-from': 'cloud' }), 401],
    ['of long ago', (link: ChannelLink) => ({ ...offerOf(link).fields, 'mesh-created': '1700000000' }), 401],
    ['of a host that nobody lists', (link: ChannelLink) => offerOf(link, stranger).fields, 403],
    ["of somebody's page", (link: ChannelLink) => ({ ...offerOf(link).fields, origin: 'http://evil.example' }), 403],
    ['by a name of somebody else', (link: ChannelLink) => ({ ...offerOf(link).fields, host: 'evil.example' }), 403],
  ])('%s is refused in the error shape', async (_, headers, status) => {
    const link = await channelLink();
    expect((await upgrade(link, headers(link))).status).toBe(status);
  });

  it('in other words is a request like any other', async () => {
    const link = await channelLink();
    expect((await upgrade(link, {}, 'h2c')).status).toBe(200);
    expect(link.requested).toEqual([CHANNEL_PATH]);
  });

  it('whose key is still asked for when the node stops is given up', async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const keys = { known: () => undefined, learn: () => promise, confirm: () => undefined, suspect: () => undefined };
    const link = await channelLink({ cloud: { keys } });
    const offering = upgrade(link, offerOf(link).fields).catch((error: NodeJS.ErrnoException) => error.code);
    await until(link, () => link.sockets.length === 1);
    link.server[Symbol.dispose]();
    expect(await offering).toBe('ECONNRESET');
    resolve({ kind: 'known', key: mac.key } as never);
    await link.clock.settle();
    expect(link.log.named('request.failed')).toEqual([]);
  });

  it('that is proven with the key of another host is not heard, and that host is suspected', async () => {
    const suspected: string[] = [];
    const suspect = (id: string) => void suspected.push(id);
    const keys = { known: () => mac.key, learn: () => Promise.reject(), confirm: () => undefined, suspect };
    const link = await channelLink({ cloud: { keys } });
    const { socket, sealer } = await byHand(link, stranger.signer.sign);
    const gone = closed(socket);
    socket.write(sealer.seal(1, question()));
    await gone;
    expect([link.asked, suspected]).toEqual([[], ['mac']]);
    expect(link.log.named('channel.broken')).toHaveLength(1);
  });

  it('without a proof leaves no connection behind', async () => {
    const link = await channelLink();
    const { socket } = await upgrade(link, offerOf(link).fields);
    socket?.write(new FrameSealer(new Uint8Array(32)).seal(0, [new Uint8Array(64)]));
    await closed(socket as Socket);
    expect(link.log.named('channel.broken')).toHaveLength(1);
    expect(link.asked).toEqual([]);
  });
});

describe('an asker that breaks the rules', () => {
  it.each([
    ['sends what is no frame', () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['sends a frame twice', (sealer: FrameSealer) => Array(2).fill(sealer.seal(1, question())) as Buffer[]],
    ['leaves a frame out', (sealer: FrameSealer) => [sealer.seal(1, question()), sealer.seal(2, question())].slice(1)],
    ['asks under a number twice', (sealer: FrameSealer) => [1, 1].map((id) => sealer.seal(id, question()))],
    [
      'asks 65 questions at once',
      (sealer: FrameSealer) => Array.from({ length: 65 }, (_, n) => sealer.seal(n + 1, question())),
    ],
    ['gives credit for what it was never sent', (sealer: FrameSealer) => [sealer.seal(0, [Buffer.of(4, 0, 0, 0, 1)])]],
    ['says what only the answerer may', (sealer: FrameSealer) => [sealer.seal(0, [Buffer.of(5)])]],
    ['says nothing that is known', (sealer: FrameSealer) => [sealer.seal(1, [Buffer.of(9)])]],
    [
      'mixes two messages of a lane',
      (sealer: FrameSealer) => [1, 2].map((id) => sealer.seal(id, [Buffer.of(1, 0, 7)])),
    ],
    ['asks without a path', (sealer: FrameSealer) => [sealer.seal(1, [Buffer.of(2, 0), Buffer.from('GET\n\n')])]],
    [
      'asks in pieces without end',
      (sealer: FrameSealer) =>
        Array.from({ length: 9 }, () => sealer.seal(1, [Buffer.of(1, 0), Buffer.alloc(64 * 1_024)])),
    ],
  ])('and %s is cut off, and that is logged', async (_, frames) => {
    const link = await channelLink({ answer: () => new Promise(() => undefined) });
    const { socket, sealer } = await byHand(link);
    const gone = closed(socket);
    socket.write(Buffer.concat(frames(sealer)));
    await gone;
    expect(link.log.named('channel.broken')).toHaveLength(1);
  });

  it('and sends a frame octet by octet is understood: that is no fault', async () => {
    const link = await channelLink();
    const { socket, sealer } = await byHand(link);
    for (const octet of sealer.seal(1, question())) socket.write(Buffer.of(octet));
    await until(link, () => link.asked.length === 1);
    socket.destroy();
  });

  it('has one channel: a newer one of the same host takes its place', async () => {
    const link = await opened();
    const before = link.sockets[0] as Socket;
    const { socket } = await byHand(link);
    await until(link, () => before.destroyed);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});

describe('what a channel waits for', () => {
  const never = () => new Promise<never>(() => undefined);
  const LATE_MS = 1;

  it('is the proof of an offer, for five seconds', async () => {
    const link = await channelLink();
    const { socket } = await upgrade(link, offerOf(link).fields);
    const gone = closed(socket as Socket);
    await link.clock.advance(5_000 - LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(false);
    await link.clock.advance(LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(true);
    await gone;
  });

  it('is the reading of a refusal, for a second', async () => {
    const link = await channelLink();
    const { hostname, port } = new URL(link.url);
    // A client that never closes its side by itself.
    const socket = createConnection({ port: Number(port), host: hostname, allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write(
      `GET ${CHANNEL_PATH} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: upgrade\r\nUpgrade: ${CHANNEL_PROTOCOL}\r\n\r\n`,
    );
    await once(socket.resume(), 'end');
    await link.clock.advance(1_000 - LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(false);
    await link.clock.advance(LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(true);
  });

  it('is the answers in hand when the node stops, for three seconds', async () => {
    const link = await channelLink({ answer: never });
    const { socket, sealer } = await byHand(link);
    socket.write(sealer.seal(1, question()));
    await until(link, () => link.asked.length === 1);
    link.server.end();
    await link.clock.advance(3_000 - LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(false);
    await link.clock.advance(LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(true);
  });

  it('is the taking of what was written, for twenty seconds', async () => {
    // Far more than the system keeps for somebody who reads nothing.
    const link = await channelLink({ answer: () => ({ status: 200, body: Buffer.alloc(500 * 1_024) }) });
    const { socket, sealer } = await byHand(link);
    for (let n = 1; n <= 64; n += 1) socket.write(sealer.seal(n, question(n)));
    const gone = closed(socket);
    socket.pause();
    await until(link, () => (link.sockets[0]?.writableLength ?? 0) > 0 && link.clock.sleepers > 0);
    await link.clock.advance(20_000 - LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(false);
    await link.clock.advance(LATE_MS);
    expect(link.sockets[0]?.destroyed).toBe(true);
    socket.resume();
    await gone;
  });
});
