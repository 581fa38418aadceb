// The queue's promises, in virtual time: what was accepted is sent, once, or its sender is told what became of it.
// Longer than 300 lines: the promises of one queue, each of which is about the others at the same time.
import { describe, expect, it } from 'vitest';
import type { ShipmentOutcome } from '../../../../node/send/mailer.ts';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent } from '../../../support/mail-world.ts';
import { begun, busy, HOUR, inTurn, MINUTE, SECOND, TWO } from '../../../support/scripted-queue.ts';

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
