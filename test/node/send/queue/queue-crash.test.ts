import { describe, expect, it } from 'vitest';
import { accepted, MailWorld, notSent } from '../../../support/mail-world.ts';
import { begun, busy, HOUR, SECOND, TWO } from '../../../support/scripted-queue.ts';

function unknownByStop({ queue }: MailWorld): number {
  const { messages } = queue.list({ agentId: undefined, state: 'unknown', limit: 1_000 });
  return messages.filter(({ reason }) => reason.includes('the node was stopped')).length;
}

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

  it.each(Array.from({ length: 400 }, (_, seed) => seed + 1))(
    'at any moment loses nothing and sends nothing twice, seed %i',
    async (seed) => {
      const config = { ...TWO, agentRatePerHour: 10_000 };
      const world = await MailWorld.open(config, seed);
      const { random } = world;
      // Half of them with connections that stay up, so that marks are made with acceptances and outcomes, and a disk that takes its time.
      if (seed > 200) {
        world.readyFor = () => (random.next() < 0.8 ? 2 : 0);
        world.syncMs = () => random.next() * 80;
      }
      /** What the servers took, by Message-ID and recipient. */
      const taken = new Map<string, number>();
      const acknowledged = new Set<string>();
      world.script = async (shipment) => {
        const { store } = world;
        if (seed <= 200 || random.next() < 0.5) await world.clock.sleep(random.next() * 200);
        if (random.next() < 0.1) return notSent('connect_failed', 'transient', 'account');
        if (random.next() < 0.05) return busy(shipment, AbortSignal.abort());
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
        } else if (chance < 0.85) {
          const before = unknownByStop(world);
          await world.crash(Math.floor(random.next() * 3));
          // At most what was on its way: a message a connection.
          expect(unknownByStop(world) - before).toBeLessThanOrEqual(4);
        }
        await world.clock.advance(random.next() * 300);
      }
      await world.crash();
      await world.clock.advance(26 * HOUR);
      for (const id of acknowledged) {
        const message = world.get(id);
        expect([id, message.state]).toEqual([id, expect.stringMatching(/^(?:sent|partial|unknown|expired)$/)]);
        for (const { address, state } of message.recipients) {
          const times = taken.get(`<${id}@x> ${address}`) ?? 0;
          if (state === 'unknown') expect([id, times <= 1]).toEqual([id, true]);
          else expect([id, state, times]).toEqual([id, state, state === 'sent' ? 1 : 0]);
        }
      }
      for (const times of taken.values()) expect(times).toBe(1);
    },
  );
});
