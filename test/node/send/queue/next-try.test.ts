// What people are told of a message that waits: why, and when it is tried next, each once.
import { describe, expect, it } from 'vitest';
import { emailForm } from '../../../../node/http/email-form.ts';
import { MailWorld, notSent } from '../../../support/mail-world.ts';
import { MINUTE, SECOND } from '../../../support/scripted-queue.ts';

const down = () => notSent('connect_failed', 'transient', 'account');
const said = (world: MailWorld, id: string) => String(emailForm(world.queue.whyWaiting(world.get(id))).message);
const TRIED_AGAIN = /^Account '[a-z]+' failed \(connect_failed\): .*[.] It is tried again at [\dT:.-]+Z[.]$/;

/** A message that was put off, and its record as it is now on the disk. */
async function putOff(lifetimeMs = 10 * MINUTE) {
  const world = await MailWorld.open();
  world.script = down;
  const { id } = await world.accept({ lifetimeMs });
  await world.clock.advance(SECOND);
  const key = `send/message/${id}`;
  const record = JSON.parse(world.store.snapshot().get(key) ?? '');
  return { world, id, key, record };
}

describe('a message that waits', () => {
  it('says why and until when, and keeps the two apart', async () => {
    const { world, id, record } = await putOff();
    expect(said(world, id)).toMatch(TRIED_AGAIN);
    expect(record.reason).not.toContain('It is tried');
    expect(record.nextTry).toEqual({ isAgain: true, atMs: world.get(id).dueMs });
    const before = said(world, id);
    await world.crash();
    expect(said(world, id)).toBe(before);
  });

  it('says the same of a record that had both in one sentence, and ends with the reason alone', async () => {
    const { world, id, key, record } = await putOff(2 * MINUTE);
    const before = said(world, id);
    const { nextTry, ...rest } = record;
    await world.store.commit([{ key, value: { ...rest, reason: before } }]);
    await world.crash();
    expect(said(world, id)).toBe(before);
    expect(world.get(id)).toMatchObject({ reason: rest.reason, nextTry });
    await world.clock.advance(10 * MINUTE);
    expect(world.get(id).state).toBe('expired');
    expect(said(world, id)).toMatch(/^It could not be sent in time[.] Account .* failed/);
    expect(said(world, id)).not.toContain('It is tried');
  });

  it('says nothing of a next time once it is sent', async () => {
    const { world, id } = await putOff();
    world.script = async (shipment) => {
      await shipment.begin();
      return new Promise(() => undefined);
    };
    await world.clock.advance(9 * MINUTE);
    expect(said(world, id)).toMatch(/^It is being sent through account '[a-z]+'[.]$/);
  });
});
