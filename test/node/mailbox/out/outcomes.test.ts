// What the send module tells of a mail, as labels and events of it.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeLog } from '../../../../node/changes/change-log.ts';
import { Outcomes } from '../../../../node/mailbox/out/outcomes.ts';
import type { SentIds } from '../../../../node/mailbox/outgoing-mail.ts';
import type { RecipientAnswer } from '../../../../node/send/mailer.ts';
import { ANN, HOUR_MS, OutboxWorld, wish } from '../../../support/outbox-world.ts';
import { begun, inTurn } from '../../../support/scripted-queue.ts';

let world: OutboxWorld;

beforeEach(async () => {
  world = await OutboxWorld.open();
});

afterEach(() => {
  world.writer.close();
  rmSync(world.directory, { recursive: true });
});

/** The events of the queue, as the change log has them. */
function changes(): ChangeLog {
  const { events } = world.world;
  return {
    get head() {
      return events.length;
    },
    read: async (after, limit) =>
      events
        .slice(after, after + limit)
        .map((one, at) => ({ ...one, seq: after + at + 1, timestamp: '2099-01-01T00:00:00.000Z' })) as never,
    subscribe: () => () => undefined,
  };
}

/** Hears all that there is. */
async function hear(): Promise<void> {
  const { intake, sending } = world;
  const { clock, log } = world.world;
  const stop = new AbortController();
  const running = new Outcomes({ changes: changes(), intake, sending, clock, log }).run(stop.signal);
  await clock.advance(100);
  stop.abort();
  await running;
}

const labels = () =>
  world
    .rows(`SELECT label FROM message_label JOIN message ON message.row = message JOIN inbox ON inbox.row = message.inbox
      WHERE inbox_id = '${ANN}' ORDER BY label`)
    .map(({ label }) => label);
const told = () =>
  world
    .rows(`SELECT event_type, payload FROM event WHERE inbox_id = '${ANN}' ORDER BY row`)
    .map(({ event_type: type, payload }) => [type, JSON.parse(String(payload))]);

/** A server that answers so about each. */
const answering = (verdict: RecipientAnswer['verdict'], code: number, enhanced = '5.1.1') =>
  begun(({ recipients }) => ({
    ...{ kind: 'answered', tookMs: 1 },
    answers: recipients.map((address) => ({ address, verdict, code, enhanced, reply: 'so it is' })),
  }));

async function sent(): Promise<SentIds> {
  // The place from which it hears is where the log is now.
  await hear();
  const ids = await (await world.outbox()).send(wish());
  await world.world.clock.advance(HOUR_MS);
  return ids;
}

describe('a mail that a server took', () => {
  it('is told to be sent once, however often the log is heard', async () => {
    const { messageId } = await sent();
    await hear();
    await hear();
    const own = told().map(([type, { send, delivery }]) => [type, (send ?? delivery).recipients]);
    expect(own).toEqual([
      ['message.delivered', ['bob@mail.example.com']],
      ['message.sent', ['eve@other.example.com']],
    ]);
    expect(told()[1]?.[1].send).toMatchObject({ inbox_id: ANN, message_id: messageId });
    expect(labels()).toEqual(['delivered', 'sent']);
  });
});

describe('a mail of which nobody knows whether the last of its recipients got it', () => {
  it('is told to be sent to the others', async () => {
    const byName = begun(({ recipients }) => ({
      ...{ kind: 'answered', tookMs: 1 },
      answers: recipients.map((address) =>
        address.startsWith('eve')
          ? { address, verdict: 'accepted', code: 250, reply: 'ok' }
          : { address, verdict: 'deferred', code: 450, reply: '450 greylisted' },
      ),
    }));
    world.world.script = inTurn(byName, begun({ kind: 'unknown', reply: 'it was cut off', tookMs: 1 }));
    const [eve, fay] = ['eve', 'fay'].map((name) => ({ name: '', address: `${name}@other.example.com` }));
    const { mail } = wish();
    await hear();
    await (await world.outbox()).send(wish({ mail: { ...mail, to: [eve, fay] as never } }));
    await world.world.clock.advance(HOUR_MS);
    await hear();
    expect(world.world.events.map(({ event }) => event)).toEqual(['email.unknown']);
    expect(told().map(([type, { send, delivery }]) => [type, (send ?? delivery).recipients])).toEqual([
      ['message.delivered', ['bob@mail.example.com']],
      ['message.sent', ['eve@other.example.com']],
    ]);
    world.world.script = answering('accepted', 250);
    const [{ id } = {}] = world.rows('SELECT id FROM outgoing');
    await world.sending.resend(String(id));
    await world.world.clock.advance(HOUR_MS);
    await hear();
    expect(told().at(-1)?.[1].send.recipients, 'sent again').toEqual(['fay@other.example.com']);
  });
});

describe('a mail that comes back', () => {
  it('has the label, and is told with whom it did not reach', async () => {
    world.world.script = answering('refused', 550);
    await sent();
    await hear();
    expect(labels()).toEqual(['bounced', 'delivered', 'sent']);
    expect(told().at(-1)).toMatchObject([
      'message.bounced',
      { bounce: { type: 'Permanent', recipients: [{ address: 'eve@other.example.com', status: '5.1.1' }] } },
    ]);
  });

  it.each([
    [
      'for good, by an entry that no client takes away',
      '5.1.1',
      [{ entry: 'eve@other.example.com', read_only: 1, days: 90 }],
    ],
    ['not when its mailbox is full', '5.2.2', []],
    ['not for what the mail says', '5.7.1', []],
  ])('blocks further mail to that address %s', async (_, enhanced, entries) => {
    world.world.script = answering('refused', 550, enhanced);
    await sent();
    await hear();
    expect(labels()).toContain('bounced');
    const days = '(ends_at - created_at) / 86400000 AS days';
    const blocked = "direction = 'send' AND list_type = 'block'";
    const rows = world.rows(`SELECT entry, read_only, ${days} FROM list_entry WHERE ${blocked}`);
    expect(rows).toEqual(entries);
    const again = (await world.outbox()).send(wish({ key: undefined }));
    if (entries.length > 0) await expect(again).rejects.toMatchObject({ code: 'message_rejected' });
    else await again;
  });

  it('is told with each whom it did not reach once, though they come back one after the other', async () => {
    const two = ['eve', 'fay'].map((name) => ({ name: '', address: `${name}@other.example.com` }));
    await hear();
    const { messageId } = await (await world.outbox()).send(wish({ mail: { ...wish().mail, to: two as never } }));
    await world.world.clock.advance(HOUR_MS);
    for (const { address } of two) {
      await world.sending.bounced({ messageId, recipients: [{ address, action: 'failed', status: '5.1.1' }] });
      await hear();
    }
    const bounces = told().flatMap(([, { bounce }]) => (bounce === undefined ? [] : [bounce.recipients]));
    expect(bounces).toEqual(two.map(({ address }) => [{ address, status: '5.1.1' }]));
  });

  it('is told later when its inbox does not have it yet', async () => {
    await hear();
    world.world.script = answering('refused', 550);
    const death = { step: 'finishOutgoing', when: 'before' } as const;
    await world.untilDeath(death, async () => (await world.outbox()).send(wish()));
    world.death = undefined;
    await world.world.clock.advance(HOUR_MS);
    await hear();
    expect(told()).toEqual([]);
    await world.resume();
    await hear();
    expect(labels()).toContain('bounced');
  });
});

describe('a mail to an address that this host does not write to', () => {
  it('is rejected, and told so', async () => {
    await world.world.suppressions.add({ address: 'eve@other.example.com', reason: 'opt_out' } as never);
    await sent();
    await hear();
    expect(labels()).toContain('rejected');
    expect(told().at(-1)).toMatchObject(['message.rejected', { reject: { reason: expect.stringContaining('eve@') } }]);
  });
});

describe('an idempotency key', () => {
  it('is free a day after its mail has ended, and not before', async () => {
    await sent();
    await hear();
    const key = { hash: 'k', fingerprint: 'other' };
    const endedMs = Date.parse('2099-01-01T00:00:00.000Z');
    await world.writer.write(() => world.writer.outcomes.sweep(endedMs + 86_400_000));
    await expect((await world.outbox()).known(key)).rejects.toMatchObject({ code: 'conflict' });
    await world.writer.write(() => world.writer.outcomes.sweep(endedMs + 86_400_001));
    expect(await (await world.outbox()).known(key)).toBeUndefined();
  });
});
