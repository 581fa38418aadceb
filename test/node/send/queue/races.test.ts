// What happens to a message at once: a bounce, a cancellation or a resend while it is on its way, and many at the edge of a rate.
// Longer than 300 lines: each pair of things that can happen at once has its case, in the same world.
import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../mesh/ports.ts';
import type { ShipmentOutcome } from '../../../../node/send/mailer.ts';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent, type Script } from '../../../support/mail-world.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const TWO = ['a@x.example.com', 'later@x.example.com'];
const bounce = (...addresses: string[]) =>
  new Map(addresses.map((address) => [address, { enhanced: '5.1.1', reply: 'no such user' }]));

/** Takes everybody but `later@`, after `ms`. */
const partly =
  (world: MailWorld, ms: number): Script =>
  async (shipment) => {
    await shipment.begin();
    if (ms > 0) await world.clock.sleep(ms, new AbortController().signal);
    return {
      kind: 'answered',
      answers: shipment.recipients.map((address) =>
        address.startsWith('later')
          ? { address, verdict: 'deferred', code: 450, reply: '450 later' }
          : { address, verdict: 'accepted', code: 250, reply: '250 ok' },
      ),
      tookMs: ms,
    } satisfies ShipmentOutcome;
  };
const all: Script = async (shipment) => {
  await shipment.begin();
  return accepted(shipment);
};

describe('a bounce', () => {
  it('that comes while the message is on its way leaves those alone that no server has taken', async () => {
    const world = await MailWorld.open();
    world.script = partly(world, SECOND);
    const { id } = await world.after(SECOND / 2, { to: TWO });
    await world.queue.bounced(id, bounce(...TWO), []);
    expect(world.get(id).state).toBe('sending');
    world.script = all;
    await world.clock.advance(HOUR);
    expect(world.get(id)).toMatchObject({ state: 'sent', recipients: [{ state: 'sent' }, { state: 'sent' }] });
  });

  it('for one recipient lets the others be sent to, and their state is told', async () => {
    const world = await MailWorld.open();
    world.script = partly(world, 0);
    const { id } = await world.after(SECOND, { to: TWO });
    await world.queue.bounced(id, bounce('a@x.example.com'), []);
    expect(world.get(id).state).toBe('deferred');
    world.script = all;
    await world.clock.advance(HOUR);
    expect(world.get(id)).toMatchObject({
      state: 'bounced',
      reason: '1 of 2 recipients bounced: no such user.',
      recipients: [{ state: 'bounced' }, { state: 'sent' }],
    });
    expect(world.eventsOf(id)).toEqual(['email.bounced', 'email.sent']);
  });

  it('is told each time that another recipient bounces, and once for each', async () => {
    const world = await MailWorld.open();
    const { id } = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    for (const address of ['a@x.example.com', 'a@x.example.com', 'b@x.example.com'])
      await world.queue.bounced(id, bounce(address), []);
    expect(world.eventsOf(id)).toEqual(['email.sent', 'email.bounced', 'email.bounced']);
    expect(world.get(id).reason).toBe('2 of 2 recipients bounced: no such user.');
  });

  it('does not stop a message that was never sent', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ to: TWO, sendAtMs: world.clock.wallMs() + MINUTE });
    await world.queue.bounced(id, bounce('a@x.example.com'), []);
    await world.clock.advance(2 * MINUTE);
    expect(world.get(id).state).toBe('sent');
  });
});

describe('a mark on the disk', () => {
  it('is waited for by whoever asks for it, also by a second who asks meanwhile', async () => {
    const world = await MailWorld.open();
    const commit = world.store.commit.bind(world.store);
    let durable = 0;
    const events: string[] = [];
    Object.assign(world.store, {
      commit: async (writes: readonly Write[]) => {
        const isMark = writes.some(({ key, value }) => key.startsWith('send/attempt/') && value !== undefined);
        if (isMark) await world.clock.sleep(SECOND, new AbortController().signal);
        await commit(writes);
        if (isMark) durable += 1;
      },
    });
    world.script = async (shipment) => {
      void shipment.begin();
      // The kept connection was closed: another one, and another question.
      await shipment.begin();
      events.push(`body after ${durable} marks`);
      return accepted(shipment);
    };
    await world.after(2 * SECOND);
    expect(events).toEqual(['body after 1 marks']);
  });
});

describe('a cancellation', () => {
  it('of those who are left after a bounce tells nothing that was told before', async () => {
    const world = await MailWorld.open();
    world.script = partly(world, 0);
    const { id } = await world.after(SECOND, { to: TWO });
    await world.queue.bounced(id, bounce('a@x.example.com'), []);
    await world.queue.cancel(id);
    expect([world.get(id).state, world.eventsOf(id)]).toEqual(['bounced', ['email.bounced']]);
  });

  it('of what is on its way is refused, and changes nothing', async () => {
    const world = await MailWorld.open();
    world.script = partly(world, SECOND);
    const { id } = await world.after(SECOND / 2);
    await expect(world.queue.cancel(id)).rejects.toMatchObject({
      code: 'not_cancellable',
      extra: { state: 'sending' },
    });
    await world.clock.advance(MINUTE);
    expect(world.get(id).state).toBe('sent');
  });

  it('of what is taken in hand, though it does not show yet, is refused too', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + 2 * MINUTE });
    const get = world.store.get.bind(world.store);
    const slow = async (key: string) => {
      await world.clock.sleep(SECOND, new AbortController().signal);
      return get(key);
    };
    Object.assign(world.store, { get: slow });
    await world.clock.advance(2 * MINUTE + SECOND / 2);
    expect(world.get(id).state).toBe('queued');
    await expect(world.queue.cancel(id)).rejects.toMatchObject({
      code: 'not_cancellable',
      extra: { state: 'sending' },
    });
    await world.clock.advance(MINUTE);
    expect([world.get(id).state, world.shipped.length]).toEqual(['sent', 1]);
  });

  it('before that is kept', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + MINUTE });
    await world.queue.cancel(id);
    await world.clock.advance(HOUR);
    expect([world.get(id).state, world.shipped.length]).toEqual(['cancelled', 0]);
  });
});

describe('a resend', () => {
  it('that is asked for eight times at once is one', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      return notSent('message_too_large', 'permanent', 'message');
    };
    const { id } = await world.after(SECOND);
    world.script = all;
    const asked = Array.from({ length: 8 }, () =>
      world.queue.resend(id).then(
        () => 'again',
        (error) => error.code,
      ),
    );
    const answers = await Promise.all(asked);
    await world.clock.advance(MINUTE);
    expect(answers.sort()).toEqual(['again', ...Array(7).fill('not_resendable')]);
    expect([world.get(id).state, world.shipped.length]).toEqual(['sent', 2]);
  });

  it('of what one server may have goes through no other', async () => {
    const world = await MailWorld.open({ accounts: [account({ id: 'one' }), account({ id: 'two' })] });
    world.script = async (shipment) => {
      await shipment.begin();
      return { kind: 'unknown', reply: 'gone', tookMs: 1 };
    };
    const { id } = await world.after(SECOND);
    world.script = () => notSent('connect_failed', 'transient', 'account');
    await world.queue.resend(id);
    await world.clock.advance(MINUTE);
    expect(new Set(world.shipped.map(({ account: by }) => by))).toEqual(new Set(['one']));
  });
});

describe('a message that is forgotten', () => {
  it('while it is sent again is not: what was answered is kept', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      return notSent('message_too_large', 'permanent', 'message');
    };
    const { id } = await world.after(SECOND);
    await world.clock.advance(31 * 24 * HOUR);
    world.script = all;
    const commit = world.store.commit.bind(world.store);
    const slow = async (writes: readonly Write[]) => {
      await world.clock.sleep(SECOND, new AbortController().signal);
      return commit(writes);
    };
    Object.assign(world.store, { commit: slow });
    const [resent, trimmed] = [world.queue.resend(id), world.queue.trim()];
    await world.clock.advance(MINUTE);
    await trimmed;
    expect([(await resent).id, world.get(id).state]).toEqual([id, 'sent']);
    await world.crash();
    expect(world.get(id).state).toBe('sent');
  });

  it('is sent again by nobody who asks meanwhile', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      return notSent('message_too_large', 'permanent', 'message');
    };
    const { id } = await world.after(SECOND);
    await world.clock.advance(31 * 24 * HOUR);
    const [trimmed, resent] = [world.queue.trim(), world.queue.resend(id)];
    await trimmed;
    await expect(resent).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a caller who waits', () => {
  it('is answered when the node stops', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    const waiting = world.queue.waitFor(id, 29 * SECOND, new AbortController().signal);
    await world.stop();
    expect((await waiting).state).toBe('queued');
    expect((await world.queue.waitFor(id, 29 * SECOND, new AbortController().signal)).state).toBe('queued');
  });
});

describe('the end of its life', () => {
  it('says what it waited for', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 1 });
    await world.after(SECOND);
    await world.accept();
    const behind = await world.after(2 * MINUTE, { lifetimeMs: MINUTE });
    expect(behind.reason).toMatch(/could not be sent in time\. The agent has sent 1 messages in the last hour/);
    const other = await MailWorld.open();
    other.script = () => notSent('connect_failed', 'transient', 'account');
    const put = await other.after(10 * MINUTE, { lifetimeMs: MINUTE });
    expect([put.state, put.reason.includes('It is tried again')]).toEqual(['expired', false]);
  });

  it('comes also while the node is away: it is not sent any more, and that is told', async () => {
    const world = await MailWorld.open();
    world.script = () => notSent('connect_failed', 'transient', 'account');
    const { id } = await world.after(SECOND, { lifetimeMs: MINUTE });
    await world.stop();
    await world.clock.advance(HOUR);
    world.script = all;
    await world.crash();
    await world.clock.advance(SECOND);
    expect([world.get(id).state, world.eventsOf(id)]).toEqual(['expired', ['email.failed']]);
  });

  it('comes also behind others that wait for a rate', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 1 });
    await world.after(SECOND);
    await world.accept();
    const { id } = await world.after(2 * MINUTE, { lifetimeMs: MINUTE });
    expect([world.get(id).state, world.shipped.length]).toEqual(['expired', 1]);
  });
});

describe('many at once', () => {
  it('never send more than a rate allows, of an account, of an agent or of a new address', async () => {
    for (const [most, bounds] of [
      [2, { accounts: [account({ ratePerHour: 2, connectionsMax: 10 })] }],
      [3, { accounts: [account({ connectionsMax: 10 })], agentRatePerHour: 3 }],
      [1, { accounts: [account({ connectionsMax: 10 })], warmUp: { perDay: [1], daysPerStep: 7 } }],
    ] as const) {
      const world = await MailWorld.open(bounds);
      world.script = async (shipment) => {
        // A connection takes its time; all of them do at once.
        await world.clock.sleep(5 * SECOND, new AbortController().signal);
        return all(shipment, new AbortController().signal);
      };
      for (let count = 0; count < 8; count += 1) await world.accept();
      await world.clock.advance(30 * MINUTE);
      expect(world.shipped.length).toBe(most);
    }
  });

  it('give their place back when nothing was said to the server', async () => {
    const world = await MailWorld.open({ accounts: [account({ ratePerHour: 2 })] });
    world.script = () => notSent('connect_failed', 'transient', 'account');
    await world.after(SECOND);
    world.script = all;
    for (let count = 0; count < 2; count += 1) await world.accept();
    await world.clock.advance(10 * SECOND);
    expect(world.events.filter(({ event }) => event === 'email.sent').length).toBe(2);
  });
});

describe('a sender', () => {
  it('that has given its address up sends nothing that still waited', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + MINUTE });
    world.whyNotAs = () => "Agent 'ann' does not own it any more.";
    await world.clock.advance(2 * MINUTE);
    expect([world.get(id).state, world.get(id).reason, world.shipped.length]).toEqual([
      'failed',
      "Agent 'ann' does not own it any more.",
      0,
    ]);
  });

  it('whose account is over its rate is told so when he waits, and why when he asks later', async () => {
    const world = await MailWorld.open({ accounts: [account({ ratePerHour: 1 })] });
    await world.after(SECOND);
    await expect(world.accept({ waitMsMax: 0 })).rejects.toMatchObject({ code: 'rate_limited' });
    const { id } = await world.after(SECOND);
    expect(world.queue.whyWaiting(world.get(id)).reason).toMatch(/has sent 1 messages in the last hour, its most/);
  });
});

describe('a content that is gone from the disk', () => {
  it('fails its message, and no other', async () => {
    const world = await MailWorld.open();
    const lost = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    await world.store.commit([{ key: `send/content/${lost.id}`, value: undefined }]);
    await world.clock.advance(2 * HOUR);
    const other = await world.after(SECOND);
    expect([world.get(lost.id).state, other.state]).toEqual(['failed', 'sent']);
    expect(world.log.named('message.content_missing')).toHaveLength(1);
  });
});
