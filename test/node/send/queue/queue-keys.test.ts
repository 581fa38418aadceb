import { describe, expect, it } from 'vitest';
import { accepted, MailWorld, notSent, type Script } from '../../../support/mail-world.ts';
import { begun, busy, HOUR, SECOND } from '../../../support/scripted-queue.ts';

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
