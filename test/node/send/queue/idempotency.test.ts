// Idempotency keys: what a key names, and that nothing of it is left in memory or on the disk once it is over.
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../node/send/message.ts';
import { keyHash } from '../../../../node/send/message-records.ts';
import { IdempotencyKeys } from '../../../../node/send/queue/idempotency.ts';
import { MailWorld } from '../../../support/mail-world.ts';

const HOUR_MS = 3_600_000;
const message = (id: string, agentId = 'a1') => ({ id, agentId }) as Message;
const K = { key: 'k', fingerprint: 'f' };
const REMOVAL = { key: `send/key/${keyHash('a1', 'k')}`, value: undefined };

async function remembered() {
  const keys = new IdempotencyKeys();
  const durable = Promise.withResolvers<void>();
  keys.remember(message('m'), K, durable.promise);
  return { keys, durable };
}

describe('an idempotency key', () => {
  it('names its message from the moment that it is written, for its agent alone', async () => {
    const { keys, durable } = await remembered();
    const found = keys.find('a1', K);
    durable.resolve();
    expect([(await found)?.id, keys.find('a2', K), keys.names('m')]).toEqual(['m', undefined, true]);
    expect(() => keys.find('a1', { ...K, fingerprint: 'g' })).toThrow(/was used for another message/);
  });

  it('is kept while its message is being written, and while that is not over', async () => {
    const { keys, durable } = await remembered();
    expect(keys.trim(() => true)).toEqual([]);
    durable.resolve();
    await keys.find('a1', K);
    expect(keys.trim(() => false)).toEqual([]);
    expect(keys.names('m')).toBe(true);
  });

  it('is forgotten in memory and on the disk when its message is over, once', async () => {
    const { keys, durable } = await remembered();
    durable.resolve();
    await keys.find('a1', K);
    expect(keys.trim(() => true)).toEqual([REMOVAL]);
    expect([keys.find('a1', K), keys.names('m'), keys.trim(() => true)]).toEqual([undefined, false, []]);
  });

  it('whose message is not there any more is removed from the disk', () => {
    const keys = new IdempotencyKeys();
    const record = { emailId: 'gone', fingerprint: 'f' };
    keys.restore(new Map([[keyHash('a1', 'k'), record]]), () => undefined);
    expect(keys.find('a1', K)).toBeUndefined();
    expect([keys.trim(() => false), keys.trim(() => false)]).toEqual([[REMOVAL], []]);
  });

  it('whose message is not there any more stays when it was used anew meanwhile', async () => {
    const keys = new IdempotencyKeys();
    keys.restore(new Map([[keyHash('a1', 'k'), { emailId: 'gone', fingerprint: 'f' }]]), () => undefined);
    keys.remember(message('m'), K, Promise.resolve());
    await keys.find('a1', K);
    expect(keys.trim(() => false)).toEqual([]);
  });

  it('leaves no record behind when the queue forgets it, a day after the end of its message', async () => {
    const world = await MailWorld.open();
    const stored = async () => {
      const names: string[] = [];
      for await (const page of world.store.load('send/key/')) names.push(...page.map(({ key }) => key));
      return names;
    };
    await world.after(1_000, { key: 'k' });
    await world.clock.advance(23 * HOUR_MS);
    await world.queue.trim();
    expect(await stored()).toHaveLength(1);
    await world.clock.advance(2 * HOUR_MS);
    await world.queue.trim();
    expect(await stored()).toEqual([]);
  });
});
