// The queue's promises, in virtual time: what was accepted is sent, once, or its sender is told what became of it.
import { describe, expect, it } from 'vitest';
import type { ShipmentOutcome } from '../../../../node/send/mailer.ts';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent, type Script } from '../../../support/mail-world.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const TWO = { accounts: [account({ id: 'one' }), account({ id: 'two' })] };

/** Scripts one after the other; the last one for ever. */
function inTurn(...scripts: readonly Script[]): Script {
  let turn = 0;
  return (shipment, signal) => {
    const script = scripts[Math.min(turn, scripts.length - 1)] ?? accepted;
    turn += 1;
    return script(shipment, signal);
  };
}

const begun =
  (outcome: ShipmentOutcome | Script): Script =>
  async (shipment, signal) => {
    await shipment.begin();
    return typeof outcome === 'function' ? outcome(shipment, signal) : outcome;
  };

const busy = begun(({ recipients }) => ({
  kind: 'answered',
  answers: recipients.map((address) => ({ address, verdict: 'deferred', code: 451, reply: '451 busy' })),
  tookMs: 1,
}));

describe('a message', () => {
  it('is sent, and tells so', async () => {
    const world = await MailWorld.open();
    const message = await world.after(SECOND);
    expect(message).toMatchObject({
      state: 'sent',
      attempts: 1,
      account: 'main',
      recipients: [{ state: 'sent', code: 250 }],
    });
    expect([world.eventsOf(message.id), message.sentAt]).toEqual([['email.sent'], message.updatedAt]);
  });

  it('is tried again after 30 s doubling, and given up after its life', async () => {
    const world = await MailWorld.open();
    world.script = busy;
    const { id } = await world.after(4 * HOUR, { lifetimeMs: 3 * HOUR });
    const times = world.shipped.map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, at) => (atMs - (times[at] ?? 0)) / SECOND);
    expect(gaps.length).toBeGreaterThan(7);
    for (const [at, gap] of gaps.entries()) {
      const planned = Math.min(3_600, 30 * 2 ** at);
      expect(gap / planned).toBeGreaterThanOrEqual(0.8);
      expect(gap / planned).toBeLessThanOrEqual(1.21);
    }
    expect([world.get(id).state, world.eventsOf(id)]).toEqual(['expired', ['email.failed']]);
  });

  it('fails at once when the server refuses it for good', async () => {
    const world = await MailWorld.open();
    world.script = begun(notSent('message_too_large', 'permanent', 'message'));
    const message = await world.after(SECOND);
    expect([message.state, world.shipped.length, world.eventsOf(message.id)]).toEqual(['failed', 1, ['email.failed']]);
  });

  it('is partial when some recipients are refused', async () => {
    const world = await MailWorld.open();
    world.script = begun(({ recipients }) => ({
      kind: 'answered',
      answers: recipients.map((address, at) => ({
        address,
        verdict: at === 0 ? 'accepted' : 'refused',
        code: at === 0 ? 250 : 550,
        reply: 'x',
      })),
      tookMs: 1,
    }));
    const message = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    expect([message.state, message.recipients.map(({ state }) => state)]).toEqual(['partial', ['sent', 'failed']]);
  });

  it('asks those who were put off again, through the same account, and nobody else twice', async () => {
    const world = await MailWorld.open(TWO);
    world.script = inTurn(
      begun(({ recipients }) => ({
        kind: 'answered',
        answers: recipients.map((address, at) => ({
          address,
          verdict: at === 0 ? 'accepted' : 'deferred',
          code: at === 0 ? 250 : 450,
          reply: 'x',
        })),
        tookMs: 1,
      })),
      () => notSent('connect_failed', 'transient', 'account'),
      begun(accepted),
    );
    const message = await world.after(HOUR, { to: ['a@x.example.com', 'b@x.example.com'] });
    expect([message.state, world.eventsOf(message.id)]).toEqual(['sent', ['email.sent']]);
    expect(world.shipped.map(({ account: by, recipients }) => [by, recipients.length])).toEqual([
      ['one', 2],
      ['one', 1],
      ['one', 1],
    ]);
  });

  it('goes to all in as many transactions as a server needs that takes two at a time, and to nobody twice', async () => {
    const world = await MailWorld.open(TWO);
    world.script = begun(({ recipients }) => ({
      kind: 'answered',
      answers: recipients.map((address, at) =>
        at < 2
          ? { address, verdict: 'accepted', code: 250, reply: '250 ok' }
          : { address, verdict: 'deferred', code: 552, reply: '552 too many recipients' },
      ),
      tookMs: 1,
    }));
    const to = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@x.example.com`);
    const message = await world.after(SECOND, { to });
    expect([message.state, world.eventsOf(message.id)]).toEqual(['sent', ['email.sent']]);
    expect(world.shipped.map(({ recipients }) => recipients.length)).toEqual([5, 3, 1]);
    expect(new Set(world.shipped.map(({ account: by, date }) => `${by} ${date}`)).size).toBe(1);
  });

  it('asks after a crash between two such transactions only those whom no server has taken', async () => {
    const world = await MailWorld.open();
    const some = ({ recipients }: { readonly recipients: readonly string[] }): ShipmentOutcome => ({
      kind: 'answered',
      answers: recipients.map((address, at) =>
        at < 1
          ? { address, verdict: 'accepted', code: 250, reply: '250 ok' }
          : { address, verdict: 'deferred', code: 452, reply: '452 4.5.3 too many', enhanced: '4.5.3' },
      ),
      tookMs: 1,
    });
    world.script = inTurn(
      begun(some),
      begun(() => new Promise(() => undefined)),
    );
    const { id } = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    await world.crash();
    expect(world.get(id).recipients.map(({ state }) => state)).toEqual(['sent', 'unknown']);
    world.script = begun(accepted);
    await world.queue.resend(id);
    await world.clock.advance(SECOND);
    expect([world.get(id).state, world.shipped.at(-1)?.recipients]).toEqual(['sent', ['b@x.example.com']]);
  });

  it('is put off like any other when such a server takes nobody more', async () => {
    const world = await MailWorld.open();
    world.script = begun(({ recipients }) => ({
      kind: 'answered',
      answers: recipients.map((address) => ({ address, verdict: 'deferred', code: 452, reply: '452 later' })),
      tookMs: 1,
    }));
    const message = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    expect([message.state, world.shipped.length]).toEqual(['deferred', 1]);
  });

  it('is unknown when the connection died after the dot, is sent by no other account, and again only when told to', async () => {
    const world = await MailWorld.open(TWO);
    world.script = inTurn(begun({ kind: 'unknown', reply: 'gone', tookMs: 1 }), begun(accepted));
    const message = await world.after(25 * HOUR);
    expect([message.state, world.shipped.length, world.eventsOf(message.id)]).toEqual([
      'unknown',
      1,
      ['email.unknown'],
    ]);
    await world.queue.resend(message.id);
    await world.clock.advance(SECOND);
    expect(world.get(message.id).state).toBe('sent');
    expect(new Set(world.shipped.map(({ messageId, account: by }) => `${messageId} ${by}`)).size).toBe(1);
  });

  it('is not asked for those who are on the list, and is suppressed when that is all', async () => {
    const world = await MailWorld.open();
    await world.suppressions.add({ address: 'A@x.example.com', reason: 'opt_out' });
    const some = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    const all = await world.after(SECOND, { to: ['a@x.example.com'] });
    expect([some.state, all.state, world.eventsOf(all.id)]).toEqual(['partial', 'suppressed', ['email.failed']]);
    expect(world.shipped.map(({ recipients }) => recipients)).toEqual([['b@x.example.com']]);
  });
});

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
      expect((await world.queue.accept(world.draft({ wait: true }))).isNew).toBe(true);
  });

  it('tell a caller who waits, instead of letting him', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 1 });
    await world.after(SECOND);
    await expect(world.accept({ wait: true })).rejects.toMatchObject({
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

describe('an idempotency key', () => {
  it('gives the same message for the same request, also at once and after a restart', async () => {
    const world = await MailWorld.open();
    const both = await Promise.all([
      world.queue.accept(world.draft({ key: 'k' })),
      world.queue.accept(world.draft({ key: 'k' })),
    ]);
    await world.clock.advance(SECOND);
    await world.crash();
    const again = await world.queue.accept(world.draft({ key: 'k' }));
    expect(new Set([...both, again].map(({ message }) => message.id)).size).toBe(1);
    expect([...both, again].map(({ isNew }) => isNew)).toEqual([true, false, false]);
    await world.clock.advance(HOUR);
    expect(world.shipped.length).toBe(1);
  });

  it('refuses another request, but not of another agent', async () => {
    const world = await MailWorld.open();
    await world.accept({ key: 'k' });
    await expect(world.accept({ key: 'k', fingerprint: 'g' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    expect((await world.queue.accept(world.draft({ key: 'k', agentId: 'a2' }))).isNew).toBe(true);
  });
});

describe('an idempotency key of a message that waits long', () => {
  it.each([
    ['for its time', [2, 1.9], {}, accepted],
    [
      'put off again and again',
      [2, 5.9, 1],
      { lifetimeMs: 5 * 24 * HOUR },
      () => notSent('connect_failed', 'transient', 'account'),
    ],
  ] as const)(
    '%s is known as long, through trims and restarts, and a day longer',
    async (_, spans, parts, script) => {
      const world = await MailWorld.open();
      const asked = { ...parts, key: 'k', sendAtMs: world.clock.wallMs() + 3 * 24 * HOUR };
      world.script = script as Script;
      const { id } = await world.accept(asked);
      for (const days of spans) {
        await world.clock.advance(days * 24 * HOUR);
        await world.queue.trim();
        expect((await world.queue.accept(world.draft(asked))).message.id).toBe(id);
        await world.crash();
        await world.queue.trim();
        expect((await world.queue.accept(world.draft(asked))).message.id).toBe(id);
      }
    },
    30_000,
  );

  it('that was sent again is known while it waits again', async () => {
    const world = await MailWorld.open();
    world.script = begun({ kind: 'unknown', reply: 'gone', tookMs: 1 });
    const { id } = await world.after(SECOND, { key: 'k' });
    await world.clock.advance(23 * HOUR);
    world.script = busy;
    await world.queue.resend(id);
    await world.clock.advance(23 * HOUR);
    await world.queue.trim();
    expect((await world.accept({ key: 'k' })).id).toBe(id);
  });

  it('is forgotten a day after the end, on the disk too', async () => {
    const world = await MailWorld.open();
    const { id } = await world.after(SECOND, { key: 'k' });
    await world.clock.advance(25 * HOUR);
    await world.queue.trim();
    await world.crash();
    expect((await world.accept({ key: 'k' })).id).not.toBe(id);
  });
});

describe('the Date of a message', () => {
  it('is when it is sent, not when it was accepted', async () => {
    const world = await MailWorld.open();
    const sendAtMs = world.clock.wallMs() + HOUR;
    await world.after(sendAtMs - world.clock.wallMs() + SECOND, { sendAtMs });
    expect(Date.parse(world.shipped[0]?.date ?? '')).toBe(sendAtMs);
  });

  it('is that of the attempt that went through, while nobody had it', async () => {
    const world = await MailWorld.open();
    world.script = inTurn(busy, begun(accepted));
    await world.after(HOUR);
    expect(world.shipped.map(({ date }) => Date.parse(date))).toEqual(world.shipped.map(({ atMs }) => atMs));
  });

  it('stays once a server has it for somebody, or may have it, also through a crash', async () => {
    const world = await MailWorld.open();
    world.script = inTurn(
      begun(({ recipients }) => ({
        kind: 'answered',
        answers: recipients.map((address, at) => ({
          address,
          verdict: at === 0 ? 'accepted' : 'deferred',
          code: at === 0 ? 250 : 450,
          reply: 'x',
        })),
        tookMs: 1,
      })),
      begun(() => new Promise(() => undefined)),
    );
    const { id } = await world.after(HOUR, { to: ['a@x.example.com', 'b@x.example.com'] });
    await world.crash();
    expect(world.get(id).state).toBe('unknown');
    world.script = begun(accepted);
    await world.queue.resend(id);
    await world.clock.advance(HOUR);
    expect([world.get(id).state, world.shipped.length]).toEqual(['sent', 3]);
    expect(new Set(world.shipped.map(({ date }) => date)).size).toBe(1);
  });

  it('stays when the first attempt ended in a crash', async () => {
    const world = await MailWorld.open();
    world.script = begun(() => new Promise(() => undefined));
    const { id } = await world.after(SECOND);
    await world.crash();
    world.script = begun(accepted);
    await world.clock.advance(HOUR);
    await world.queue.resend(id);
    await world.clock.advance(SECOND);
    expect([world.get(id).state, new Set(world.shipped.map(({ date }) => date)).size]).toEqual(['sent', 1]);
  });
});

describe('a message for later', () => {
  it('waits for its time, through a restart', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    await world.clock.advance(30 * MINUTE);
    await world.crash();
    await world.clock.advance(29 * MINUTE);
    expect([world.get(id).state, world.shipped.length]).toEqual(['queued', 0]);
    await world.clock.advance(2 * MINUTE);
    expect(world.get(id).state).toBe('sent');
  });

  it('can be cancelled until it goes, and not after', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    expect((await world.queue.cancel(id)).state).toBe('cancelled');
    await world.clock.advance(2 * HOUR);
    const sent = await world.after(SECOND);
    await expect(world.queue.cancel(sent.id)).rejects.toMatchObject({ code: 'not_cancellable' });
    await expect(world.queue.cancel(id)).rejects.toMatchObject({ code: 'not_cancellable' });
    expect(world.shipped.length).toBe(1);
  });
});

describe('waiting', () => {
  it('ends with the message', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      await world.clock.sleep(5 * SECOND);
      return accepted(shipment);
    };
    const { id } = await world.accept();
    const waited = world.queue.waitFor(id, MINUTE, new AbortController().signal);
    await world.clock.advance(6 * SECOND);
    expect((await waited).state).toBe('sent');
  });

  it('ends with its time, while the message goes on', async () => {
    const world = await MailWorld.open();
    world.script = busy;
    const { id } = await world.accept();
    const waited = world.queue.waitFor(id, 10 * SECOND, new AbortController().signal);
    await world.clock.advance(11 * SECOND);
    expect((await waited).state).toBe('deferred');
  });
});

describe('turns', () => {
  it('are taken by agent: one message is not behind a thousand of another', async () => {
    const world = await MailWorld.open({
      agentRatePerHour: 10_000,
      accounts: [account({ ratePerHour: 10_000, connectionsMax: 1 })],
    });
    world.script = async (shipment) => {
      await shipment.begin();
      await world.clock.sleep(SECOND);
      return accepted(shipment);
    };
    for (let count = 0; count < 200; count += 1) await world.accept();
    const { id } = await world.accept({ agentId: 'a2' });
    await world.clock.advance(5 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });
});

describe('a crash', () => {
  it('before anything was said leaves the message to be sent', async () => {
    const world = await MailWorld.open();
    world.script = () => new Promise(() => undefined);
    const { id } = await world.accept();
    await world.clock.advance(SECOND);
    world.script = begun(accepted);
    await world.crash();
    await world.clock.advance(SECOND);
    expect([world.get(id).state, world.eventsOf(id)]).toEqual(['sent', ['email.sent']]);
  });

  it('after it was begun leaves it unknown, and tells so', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      return new Promise(() => undefined);
    };
    const { id } = await world.accept();
    await world.clock.advance(SECOND);
    await world.crash();
    await world.clock.advance(25 * HOUR);
    expect([world.get(id).state, world.eventsOf(id), world.shipped.length]).toEqual(['unknown', ['email.unknown'], 1]);
  });

  it.each(Array.from({ length: 200 }, (_, seed) => seed + 1))(
    'at any moment loses nothing and sends nothing twice, seed %i',
    async (seed) => {
      const config = { ...TWO, agentRatePerHour: 10_000 };
      const world = await MailWorld.open(config, seed);
      const { random } = world;
      /** What the servers took, by Message-ID and recipient. */
      const taken = new Map<string, number>();
      const acknowledged = new Set<string>();
      world.script = async (shipment) => {
        const { store } = world;
        await world.clock.sleep(random.next() * 200);
        if (random.next() < 0.1) return notSent('connect_failed', 'transient', 'account');
        await shipment.begin();
        await world.clock.sleep(random.next() * 200);
        if (store !== world.store) return new Promise(() => undefined);
        const chance = random.next();
        if (chance < 0.1) return notSent('server_timeout', 'transient', 'account');
        if (chance < 0.2) return busy(shipment, AbortSignal.abort());
        for (const address of shipment.recipients) {
          const name = `${shipment.content.messageId} ${address}`;
          taken.set(name, (taken.get(name) ?? 0) + 1);
        }
        return chance < 0.3 ? { kind: 'unknown', reply: 'gone', tookMs: 1 } : accepted(shipment);
      };
      for (let turn = 0; turn < 20; turn += 1) {
        const chance = random.next();
        if (chance < 0.7) {
          const { store } = world;
          void world.accept({ to: ['a@x.example.com', 'b@x.example.com'] }).then(({ id }) => {
            if (store === world.store) acknowledged.add(id);
          });
        } else if (chance < 0.85) await world.crash(Math.floor(random.next() * 3));
        await world.clock.advance(random.next() * 300);
      }
      await world.crash();
      await world.clock.advance(26 * HOUR);
      for (const id of acknowledged) {
        const message = world.get(id);
        expect([id, message.state]).toEqual([id, expect.stringMatching(/^(?:sent|partial|unknown|expired)$/)]);
        for (const { address, state } of message.recipients) {
          const times = taken.get(`<${id}@x> ${address}`) ?? 0;
          if (state === 'sent') expect([id, times]).toEqual([id, 1]);
          else expect([id, times <= 1]).toEqual([id, true]);
        }
      }
      for (const times of taken.values()) expect(times).toBe(1);
    },
  );
});

describe('a bounce', () => {
  it('marks the message and tells of it once', async () => {
    const world = await MailWorld.open();
    const { id } = await world.after(SECOND, { to: ['a@x.example.com', 'b@x.example.com'] });
    const after = await world.queue.bounced(
      id,
      new Map([['a@x.example.com', { enhanced: '5.1.1', reply: 'nobody' }]]),
      [],
    );
    expect([after.state, after.recipients.map(({ state }) => state), world.eventsOf(id)]).toEqual([
      'bounced',
      ['bounced', 'sent'],
      ['email.sent', 'email.bounced'],
    ]);
  });
});

describe('the list', () => {
  it('is newest first, in pages, by agent and state, and the same after a restart', async () => {
    const world = await MailWorld.open({ agentRatePerHour: 1_000 });
    const ids = [];
    for (let count = 0; count < 5; count += 1)
      ids.push((await world.after(SECOND, { agentId: count % 2 === 0 ? 'a1' : 'a2' })).id);
    const all = (agentId?: string) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = world.queue.list({
          agentId: agentId as never,
          limit: 2,
          ...(cursor === undefined ? {} : { cursor }),
        });
        found.push(...page.messages.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return found;
    };
    expect(all()).toEqual([...ids].reverse());
    expect(all('a2')).toEqual([ids[3], ids[1]]);
    await world.crash();
    expect(all()).toEqual([...ids].reverse());
    expect(world.queue.list({ agentId: undefined, state: 'failed', limit: 10 }).messages).toEqual([]);
  });

  it('forgets what ended long ago', async () => {
    const world = await MailWorld.open({}, 1, { finishedMsMax: 2 * HOUR });
    const { id } = await world.after(SECOND);
    await world.clock.advance(HOUR);
    await world.queue.trim();
    expect(world.queue.get(id)).toBeDefined();
    await world.clock.advance(HOUR + SECOND);
    await world.queue.trim();
    expect(world.queue.get(id)).toBeUndefined();
    await world.crash();
    expect(world.queue.get(id)).toBeUndefined();
  });
});
