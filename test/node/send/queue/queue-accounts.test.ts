import { describe, expect, it } from 'vitest';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent } from '../../../support/mail-world.ts';
import { begun, HOUR, MINUTE, SECOND, TWO } from '../../../support/scripted-queue.ts';

describe('another account', () => {
  it('that fails too is not another failure in a row: the round is tried again after 30 s', async () => {
    const world = await MailWorld.open(TWO);
    world.script = () => notSent('connect_failed', 'transient', 'account');
    await world.after(MINUTE);
    expect(world.shipped.map(({ account: by }) => by).slice(0, 4)).toEqual(['one', 'two', 'one', 'two']);
    const [first = 0, , third = 0] = world.shipped.map(({ atMs }) => atMs);
    expect((third - first) / SECOND).toBeGreaterThanOrEqual(24);
    expect((third - first) / SECOND).toBeLessThanOrEqual(36);
  });

  it('takes over at once when one fails before anything was accepted', async () => {
    const world = await MailWorld.open(TWO);
    world.script = (shipment) =>
      shipment.account.id === 'one'
        ? notSent('connect_failed', 'transient', 'account')
        : begun(accepted)(shipment, AbortSignal.abort());
    const message = await world.after(SECOND);
    expect([message.state, message.account, world.shipped.map(({ account: by }) => by)]).toEqual([
      'sent',
      'two',
      ['one', 'two'],
    ]);
  });

  it('is not tried when it may not send as that address', async () => {
    const world = await MailWorld.open({
      accounts: [account({ id: 'one', senders: ['@other.example.com'] }), account({ id: 'two' })],
    });
    await world.after(SECOND);
    expect(world.shipped.map(({ account: by }) => by)).toEqual(['two']);
  });

  it('is spared a message whose sender all of them refuse for good', async () => {
    const world = await MailWorld.open(TWO);
    world.script = begun(notSent('sender_refused', 'permanent', 'account'));
    const message = await world.after(SECOND);
    expect([message.state, world.shipped.length]).toEqual(['failed', 2]);
  });
});

describe('a failing account', () => {
  it('is left alone after five failures, probed by one message, and used again when that works', async () => {
    const world = await MailWorld.open();
    world.script = () => notSent('connect_failed', 'transient', 'account');
    const ids = [];
    for (let count = 0; count < 8; count += 1) ids.push((await world.after(100)).id);
    expect(world.shipped.length).toBe(5);
    expect(world.queue.accounts.health('main')).toMatchObject({
      health: 'open',
      lastError: expect.stringContaining('connect_failed'),
    });
    await world.clock.advance(28 * SECOND);
    expect(world.shipped.length).toBe(5);
    world.script = begun(accepted);
    await world.clock.advance(10 * MINUTE);
    expect(ids.map((id) => world.get(id).state)).toEqual(ids.map(() => 'sent'));
    expect(world.queue.accounts.health('main').health).toBe('ok');
  });

  it('that refuses five messages at the same time is left alone for half a minute, not for eight', async () => {
    const world = await MailWorld.open({ accounts: [account({ connectionsMax: 5 })] });
    world.script = async () => {
      await world.clock.sleep(SECOND);
      return notSent('auth_failed', 'permanent', 'account');
    };
    for (let count = 0; count < 5; count += 1) await world.accept({ agentId: `a${count}` });
    await world.clock.advance(2 * SECOND);
    const { retryAt = '' } = world.queue.accounts.health('main');
    expect([world.shipped.length, Date.parse(retryAt) - world.clock.wallMs()]).toEqual([5, 29 * SECOND]);
  });

  it('with a wrong password is left alone at once, and its messages wait instead of failing', async () => {
    const world = await MailWorld.open();
    world.script = () => notSent('auth_failed', 'permanent', 'account');
    const message = await world.after(SECOND);
    await world.after(SECOND);
    expect([message.state, world.shipped.length, world.queue.accounts.health('main').health]).toEqual([
      'deferred',
      1,
      'open',
    ]);
  });
});

describe('rates', () => {
  it('of an agent let its messages wait, and nobody else’s', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 3, accounts: [account({ ratePerHour: 1_000 })] });
    for (let count = 0; count < 5; count += 1) await world.accept();
    await world.accept({ agentId: 'a2' });
    await world.clock.advance(MINUTE);
    expect(world.shipped.length).toBe(4);
    await world.clock.advance(61 * MINUTE);
    expect(world.shipped.length).toBe(6);
  });

  it('of an account are kept in any hour, also after a restart', async () => {
    const world = await MailWorld.open({ accounts: [account({ ratePerHour: 10 })] });
    for (let count = 0; count < 25; count += 1) await world.accept();
    await world.clock.advance(30 * MINUTE);
    await world.crash();
    await world.clock.advance(3 * HOUR);
    const times = world.shipped.map(({ atMs }) => atMs);
    expect(times.length).toBe(25);
    for (const from of times)
      expect(times.filter((atMs) => atMs >= from && atMs < from + HOUR).length).toBeLessThanOrEqual(11);
  });

  it('refuse nobody whose rate has room, though the clock ticks while it is looked at', async () => {
    const world = await MailWorld.open();
    let nowMs = world.clock.wallMs();
    Object.assign(world.clock, { wallMs: () => nowMs++ });
    for (let count = 0; count < 5; count += 1)
      expect((await world.queue.accept(world.draft({ waitMsMax: 0 }))).isNew).toBe(true);
  });

  it('tell a caller who waits, instead of letting him', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 1 });
    await world.after(SECOND);
    await expect(world.accept({ waitMsMax: 0 })).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: expect.any(Number),
    });
  });

  it('hold a new sender to its plan, day by day', async () => {
    const plan = { perDay: [2, 4], daysPerStep: 1 };
    const world = await MailWorld.open({
      warmUp: plan,
      agentRatePerHour: 1_000,
      accounts: [account({ ratePerHour: 1_000 })],
      lifetimeMs: 7 * 24 * HOUR,
    });
    for (let count = 0; count < 12; count += 1) await world.accept();
    const perDay = [];
    let before = 0;
    for (let day = 0; day < 3; day += 1) {
      await world.clock.advance(24 * HOUR);
      perDay.push(world.shipped.length - before);
      before = world.shipped.length;
      if (day === 0) await world.crash();
    }
    // The clock starts in the middle of a day: the first day's two, then four the next, and no bound after that.
    expect(perDay).toEqual([6, 6, 0]);
  });
});
