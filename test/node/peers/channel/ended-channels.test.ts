// Channels that are there no more: whoever may not be heard is not, and nothing is kept of who is gone.
import { describe, expect, it } from 'vitest';
import type { PeerRequest } from '../../../../mesh/ports.ts';
import { opened, stranger, until } from '../../../support/channel-link.ts';
import { testKeys } from '../../../support/test-keys.ts';

const { mac, cloud } = testKeys('mac', 'cloud');

const CLAIM: PeerRequest = {
  ...{ to: cloud.id, lane: 'claims', method: 'POST', path: '/api/mesh/v1/claims/messages', body: { a: 1 } },
  ...{ answerMsMax: 1_000, answerBytesMax: 512 * 1_024, answerSignature: 'known-key' },
};
const OVER_CHANNEL = { over: 'channel' };
const OVER_HTTP = { over: 'HTTP' };

describe('a channel that can not go on', () => {
  it('as the peer is heard no more, ends with the next question', async () => {
    let isListed = true;
    const link = await opened({ cloud: { mayClaim: () => isListed } });
    await link.transport.ask(CLAIM);
    isListed = false;
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
    expect(link.asked).toHaveLength(1);
  });

  it('as the peer has another key, ends with the next question', async () => {
    let { key } = mac;
    const learn = async () => ({ kind: 'known', key }) as const;
    const keys = { known: () => key, learn, confirm: () => undefined, suspect: () => undefined };
    const link = await opened({ cloud: { keys } });
    await link.transport.ask(CLAIM);
    key = stranger.key;
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
    expect(link.asked).toHaveLength(1);
  });

  it('as a frame of cloud was bad, is told of, and not opened for a minute', async () => {
    const link = await opened();
    await link.transport.ask(CLAIM);
    link.sockets[0]?.write(Buffer.alloc(64, 1));
    await until(link, () => link.log.named('channel.broken').length === 1);
    for (let second = 0; second < 59; second += 1) {
      expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_HTTP);
      await link.clock.advance(1_000);
    }
    expect(link.sockets).toHaveLength(1);
    await link.clock.advance(2_000);
    await link.opened();
    expect((await link.transport.ask(CLAIM)).body).toEqual(OVER_CHANNEL);
  });

  it('as hosts.json lists the peer no more, is let go of, and nothing is kept of the peer', async () => {
    const link = await opened();
    await link.transport.ask(CLAIM);
    const { kept } = link.transport;
    expect([...(kept?.hosts() ?? [])]).toEqual([cloud.id]);
    await kept?.forget([cloud.id]);
    expect([[...(kept?.hosts() ?? [])], link.channels.has(cloud.id)]).toEqual([[], false]);
    await until(link, () => link.sockets.every((socket) => socket.destroyed));
  });
});
