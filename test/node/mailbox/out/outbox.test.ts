// A mail on its way out, killed before and after each step: nothing is lost, nothing goes out twice.
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { ANN, BOB, type Death, OutboxWorld, wish } from '../../../support/outbox-world.ts';

let world: OutboxWorld;

afterEach(() => {
  world.writer.close();
  rmSync(world.directory, { recursive: true });
});

describe('a node that dies while a mail is sent', () => {
  it.each(
    ['beginOutgoing', 'submit', 'finishOutgoing'].flatMap((step) => [
      [step, 'before'],
      [step, 'after'],
    ]),
  )('at %s, %s it: has sent it once, when the client asks again', async (step, when) => {
    world = await OutboxWorld.open();
    expect(await world.untilDeath({ step, when } as Death, async () => (await world.outbox()).send(wish()))).toBe(
      'died',
    );
    await world.restart();
    const wasWritten = !(step === 'beginOutgoing' && when === 'before');
    expect(await world.ended()).toEqual(wasWritten ? { inboxes: [ANN, BOB], shipped: 1 } : { inboxes: [], shipped: 0 });
    const key = { hash: 'k', fingerprint: 'f' };
    const again = (await (await world.outbox()).known(key)) ?? (await (await world.outbox()).send(wish()));
    expect(await world.ended()).toEqual({ inboxes: [ANN, BOB], shipped: 1 });
    expect(world.rows('SELECT message_id FROM outgoing')).toEqual([{ message_id: again.messageId }]);
  });

  it('and is brought the mail back before it has taken it up: it is there once, as sent and as received', async () => {
    world = await OutboxWorld.open();
    const death = { step: 'submit', when: 'after' } as const;
    expect(await world.untilDeath(death, async () => (await world.outbox()).send(wish()))).toBe('died');
    const [{ mail: waiting } = {}] = world.rows('SELECT mail FROM outgoing');
    const { raw, digest, content } = JSON.parse(String(waiting));
    const delivery = { inboxId: ANN, trace: '', mailClass: 'received', isAuthenticated: true } as const;
    const echo = { raw: { ...raw, content: Buffer.from('x') }, digest, content, labels: [], receivedAtMs: 5 };
    expect(await world.writer.store({ ...echo, deliveries: [delivery] })).toMatchObject([{ status: 'duplicate' }]);
    await world.restart();
    expect(await world.ended()).toEqual({ inboxes: [ANN, BOB], shipped: 1 });
    const sql = 'SELECT label FROM message_label JOIN message ON message.row = message ORDER BY message, label';
    expect(world.rows(sql).map(({ label }) => label)).toEqual(
      expect.arrayContaining(['delivered', 'received', 'sent', 'unread']),
    );
  });

  it('says that it has come back from an inbox of this host that is deleted before it lies there', async () => {
    world = await OutboxWorld.open();
    const death = { step: 'finishOutgoing', when: 'before' } as const;
    expect(await world.untilDeath(death, async () => (await world.outbox()).send(wish()))).toBe('died');
    await world.writer.deleteInbox({ inboxId: BOB, atMs: 3 });
    await world.restart();
    expect(await world.ended()).toEqual({ inboxes: [ANN], shipped: 1 });
    const labels = world.rows('SELECT label FROM message_label ORDER BY label').map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['bounced', 'sent']));
    expect(labels).not.toContain('delivered');
  });

  it('again while it takes up what was left: still once', async () => {
    world = await OutboxWorld.open();
    const first = { step: 'submit', when: 'before' } as const;
    expect(await world.untilDeath(first, async () => (await world.outbox()).send(wish()))).toBe('died');
    for (const death of [
      { step: 'submit', when: 'after' },
      { step: 'finishOutgoing', when: 'before' },
      { step: 'finishOutgoing', when: 'after' },
    ] as const) {
      expect(await world.untilDeath(death, () => world.resume())).toBe('died');
    }
    await world.restart();
    expect(await world.ended()).toEqual({ inboxes: [ANN, BOB], shipped: 1 });
    expect(world.rows('SELECT uses FROM raw')).toEqual([{ uses: 2 }]);
  });
});
