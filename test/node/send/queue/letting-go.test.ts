// Attachments of mail that is not sent any more: kept for a day in case it is sent again, and let go of on request.
import { describe, expect, it } from 'vitest';
import { WARM_UP_DAYS_KEPT } from '../../../../node/send/accounts/warm-up.ts';
import { FAILED_ATTACHMENTS_MS } from '../../../../node/send/queue/retention.ts';
import { accepted, MailWorld, notSent } from '../../../support/mail-world.ts';

const BLOB = 'a'.repeat(64);
const ATTACHED = { attachments: [{ filename: 'a', blob: BLOB, bytes: 7 }] };

/** A message with an attachment, and what became of it. */
async function withAttachment(refused: 'failed' | 'sent' | 'queued') {
  const world = await MailWorld.open();
  world.script = (shipment) =>
    refused === 'failed' ? notSent('message_refused', 'permanent', 'message') : accepted(shipment);
  const acceptance = world.draft(refused === 'queued' ? { sendAtMs: world.clock.wallMs() + 3_600_000 } : {});
  const { message } = await world.queue.accept({ ...acceptance, content: { ...acceptance.content, ...ATTACHED } });
  await world.clock.advance(1_000);
  expect(world.get(message.id).state).toBe(refused);
  return { world, id: message.id };
}

describe('the attachments of mail that failed', () => {
  it('are needed for a day, through a restart, and then no more', async () => {
    const { world, id } = await withAttachment('failed');
    await world.queue.trim();
    expect(world.queue.blobs.needs(BLOB)).toBe(true);
    await world.crash();
    await world.clock.advance(FAILED_ATTACHMENTS_MS - 60_000);
    await world.queue.trim();
    expect(world.queue.blobs.needs(BLOB)).toBe(true);
    await world.clock.advance(120_000);
    await world.queue.trim();
    expect(world.queue.blobs.needs(BLOB)).toBe(false);
    expect(world.get(id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('Its attachments were let go of.'),
    });
    await world.crash();
    expect(world.queue.blobs.needs(BLOB)).toBe(false);
    await expect(world.queue.resend(id)).rejects.toMatchObject({
      code: 'not_resendable',
      message: expect.stringContaining('attachments'),
    });
  });

  it('go on request, once, and nobody is told of a change of the mail', async () => {
    const { world, id } = await withAttachment('failed');
    const events = world.eventsOf(id);
    const message = await world.queue.letGo(id);
    expect([message.blobs, world.queue.blobs.needs(BLOB), world.eventsOf(id)]).toEqual([[], false, events]);
    expect(await world.queue.letGo(id)).toEqual(message);
  });

  it('stay with a mail that was sent again meanwhile', async () => {
    const { world, id } = await withAttachment('failed');
    await world.clock.advance(FAILED_ATTACHMENTS_MS + 60_000);
    world.script = () => new Promise(() => undefined);
    await Promise.all([world.queue.resend(id), world.queue.trim()]);
    expect(world.queue.blobs.needs(BLOB)).toBe(true);
  });
});

describe('the attachments of mail that waits', () => {
  it('are not let go of on request, nor by time', async () => {
    const { world, id } = await withAttachment('queued');
    await expect(world.queue.letGo(id)).rejects.toMatchObject({ code: 'conflict' });
    await world.queue.trim();
    expect(world.queue.blobs.needs(BLOB)).toBe(true);
    await world.queue.cancel(id);
    expect(world.queue.blobs.needs(BLOB)).toBe(false);
  });
});

describe('what holds attachments', () => {
  it('is said by state, with octets and the oldest', async () => {
    const { world, id } = await withAttachment('failed');
    const bytesOf = () => 7;
    expect(world.queue.blobs.describe(bytesOf)).toBe(
      `Mails that failed or expired: 1 with 1 of 7 octets, the oldest of ${world.get(id).createdAt}.`,
    );
    await world.queue.letGo(id);
    expect(world.queue.blobs.describe(bytesOf)).toBe('');
    const waiting = await withAttachment('queued');
    expect(waiting.world.queue.blobs.describe(bytesOf)).toMatch(/^Mails that wait to be sent: 1 with 1 of 7 octets/);
  });
});

describe('what an address sent by its plan', () => {
  it('is forgotten weeks after it last sent, once nobody has the address, through restarts', async () => {
    const world = await MailWorld.open({ warmUp: { perDay: [5], daysPerStep: 7 } });
    const kept = () => [...world.store.snapshot().keys()].filter((key) => key.startsWith('send/warm-up/')).length;
    await world.queue.accept(world.draft({}));
    await world.clock.advance(1_000);
    await world.clock.advance((WARM_UP_DAYS_KEPT + 1) * 86_400_000);
    await world.queue.trim();
    expect(kept()).toBe(1);
    world.isHeld = () => false;
    await world.crash();
    await world.queue.trim();
    expect(kept()).toBe(0);
    await world.stop();
  });
});
