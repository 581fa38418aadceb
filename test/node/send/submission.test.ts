// Mail that another room of the node hands over: what came again after a crash is one message, and what would wait for an hour is refused.
import { describe, expect, it } from 'vitest';
import { QueueService } from '../../../node/send/queue-service.ts';
import { A1, account, content, sendConfig } from '../../support/mail.ts';
import { MailWorld } from '../../support/mail-world.ts';

const HOUR_MS = 3_600_000;
const ID = '01234567-89ab-4def-8123-456789abcdef';

async function submitting(config = {}) {
  const world = await MailWorld.open(config);
  const agent = {
    id: A1,
    name: 'ann',
    emailEnabled: true,
    addresses: [{ address: 'ann@mail.example.com', primary: true }],
  };
  const service = () =>
    new QueueService({
      ...{ config: sendConfig(config), suppressions: world.suppressions, queue: world.queue },
      ...{ clock: world.clock, log: world.log, newUuid: () => 'none is drawn' },
      ...{ mailer: { close: async () => undefined }, validate: () => expect.fail('nothing is checked again') },
      blobs: undefined as never,
      agent: () => agent,
      redactMail: async () => undefined,
      erasures: { erase: async () => undefined, run: async () => undefined },
      holder: (address) => (address === 'ann@mail.example.com' ? agent : undefined),
    });
  const submit = (parts = {}) =>
    service().submit({
      ...{ id: ID, content: content(), addresses: ['bob@mail.example.com'], waitMsMax: 60_000, ...parts },
    });
  return { world, submit };
}

describe('mail that is submitted', () => {
  it('again is the same message: at once, after a crash, and weeks after it was sent', async () => {
    const { world, submit } = await submitting();
    const [one, other] = await Promise.all([submit(), submit()]);
    expect([one.id, other.id]).toEqual([ID, ID]);
    await world.clock.advance(HOUR_MS);
    await world.crash();
    expect((await submit()).state).toBe('sent');
    await world.clock.advance(14 * 24 * HOUR_MS);
    await world.queue.trim();
    expect((await submit()).id).toBe(ID);
    await world.clock.advance(HOUR_MS);
    expect(world.shipped.length).toBe(1);
  });

  it('goes to those alone that it is to go to, whatever its header says', async () => {
    const { submit } = await submitting();
    const to = ['bob', 'eve'].map((name) => ({ name, address: `${name}@mail.example.com` }));
    const { recipients } = await submit({ content: content({ to }) });
    expect(recipients).toEqual([{ address: 'bob@mail.example.com', kind: 'to', state: 'pending' }]);
  });

  it('is refused when it would wait longer than it may, behind what waits already', async () => {
    const { world, submit } = await submitting({ agentRatePerHour: 2, accounts: [account({ connectionsMax: 1 })] });
    world.script = () => new Promise(() => undefined);
    for (const id of ['on its way', 'first', 'second']) await submit({ id });
    await expect(submit({ id: 'third' })).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 3_600 });
    expect((await submit({ id: 'patient', waitMsMax: 2 * HOUR_MS })).state).toBe('queued');
  });

  it('is refused as an address that no agent of this host has', async () => {
    const { submit } = await submitting();
    const from = { name: '', address: 'eve@mail.example.com' };
    await expect(submit({ content: content({ from }) })).rejects.toMatchObject({ code: 'sender_not_owned' });
  });
});
