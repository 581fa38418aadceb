// What was sent from an address, when nothing of it is to be kept.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetFrom } from '../../../../node/send/queue/forgotten-mail.ts';
import { A1 } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent } from '../../../support/mail-world.ts';

const BLOB = 'a'.repeat(64);
const FROM = 'gone@example.com';
const KEPT = 'kept@example.com';

let world: MailWorld;

beforeEach(async () => {
  world = await MailWorld.open();
});

afterEach(() => world.stop());

async function send(from: string, wish: Parameters<MailWorld['draft']>[0] = {}): Promise<string> {
  const draft = world.draft({ from, ...wish });
  const attachments = [{ filename: 'a', blob: BLOB, bytes: 7 }];
  const { message } = await world.queue.accept({ ...draft, content: { ...draft.content, attachments } });
  return message.id;
}

const forget = () => forgetFrom(FROM, world.queue, world.clock);
const stored = () =>
  [...world.store.snapshot().keys()].filter((key) => /^send\/(message|content|attempt|key)/.test(key));

describe('mail from an address that is forgotten', () => {
  it('is gone with its key, whatever became of it, and that of others is left', async () => {
    const kept = await send(KEPT, { key: 'k', fingerprint: 'f' });
    const sent = await send(FROM, { key: 'one', fingerprint: 'f' });
    await world.clock.advance(1_000);
    world.script = () => notSent('message_refused', 'permanent', 'message');
    const failed = await send(FROM);
    await world.clock.advance(1_000);
    expect((await forget()).map(({ id }) => id)).toEqual([sent, failed]);
    for (const id of [sent, failed]) expect(world.queue.get(id)).toBeUndefined();
    expect([world.get(kept).state, world.queue.blobs.needs(BLOB)]).toEqual(['sent', false]);
    expect(stored().filter((key) => !key.startsWith('send/key/'))).toEqual([`send/message/${kept}`]);
    expect(stored().filter((key) => key.startsWith('send/key/')).length).toBe(1);
    await world.crash();
    expect(world.queue.get(sent)).toBeUndefined();
    expect(world.get(kept).state).toBe('sent');
  });

  it('that waits never leaves', async () => {
    const id = await send(FROM, { sendAtMs: world.clock.wallMs() + 3_600_000 });
    expect((await forget()).map(({ state }) => state)).toEqual(['cancelled']);
    await world.clock.advance(2 * 3_600_000);
    expect([world.queue.get(id), world.shipped, stored()]).toEqual([undefined, [], []]);
  });

  it('that a server is being told of is waited for', async () => {
    const answer = Promise.withResolvers<void>();
    world.script = async (shipment) => {
      await shipment.begin();
      await answer.promise;
      return accepted(shipment);
    };
    await send(FROM);
    await world.clock.advance(1_000);
    let forgotten: readonly string[] = [];
    const forgetting = forget().then((messages) => {
      forgotten = messages.map(({ state }) => state);
    });
    await world.clock.advance(5_000);
    expect([forgotten, stored().length > 0]).toEqual([[], true]);
    answer.resolve();
    await world.clock.advance(1_000);
    await forgetting;
    expect([forgotten, stored()]).toEqual([['sent'], []]);
  });

  it('that does not end is not forgotten, which is refused', async () => {
    const answer = Promise.withResolvers<void>();
    world.script = async (shipment) => {
      await answer.promise;
      return accepted(shipment);
    };
    const id = await send(FROM);
    await world.clock.advance(1_000);
    const refused = expect(forget()).rejects.toMatchObject({ code: 'conflict' });
    await world.clock.advance(60_000);
    await refused;
    expect(world.get(id).state).toBe('sending');
    answer.resolve();
  });

  it('is none where nothing was sent', async () => {
    await send(KEPT, { agentId: A1 });
    expect(await forget()).toEqual([]);
  });
});
