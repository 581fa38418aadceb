import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { Introduction } from '../../../../node/peers/keys/hello-question.ts';
import { HELLO_AFTER_REFUSAL_MS, HELLO_AFTER_SUSPICION_MS } from '../../../../node/peers/keys/peer-keys.ts';
import {
  cloud,
  code,
  introduction,
  known,
  mac,
  reborn,
  type Setting,
  setUp,
  untrusted,
} from '../../../support/greeted-peer.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

describe('a key that a peer has lost with its disk', () => {
  const lost = async (setting: Setting) => {
    const all = await setUp({ hasSecret: true, ...setting });
    all.hellos.answer = async () => introduction(cloud.key, { proven: true });
    await all.keys.learn(cloud.id);
    return all;
  };

  it('is replaced by the one with which it proves to know the secret, durably', async () => {
    const { keys, hellos, clock, log, store } = await lost({});
    hellos.answer = async () => introduction(reborn.key, { proven: true });
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.status(cloud.id)).toEqual({ state: 'pinned', publicKey: reborn.key.text });
    expect(log.named('peer.key_replaced')).toMatchObject([{ level: 'warn', fields: { before: cloud.key.text } }]);
    const again = await setUp({ store: new MemoryStore({ disk: store.crash() }), hasSecret: true });
    expect(again.keys.known(cloud.id)?.text).toBe(reborn.key.text);
  });

  it('is not replaced without that proof', async () => {
    const { keys, hellos, clock } = await lost({});
    hellos.answer = async () => introduction(reborn.key);
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.status(cloud.id)).toMatchObject({ state: 'changed', publicKey: cloud.key.text });
  });

  it('is not replaced where an operator has told it', async () => {
    const { keys, hellos, clock } = await setUp({ hasSecret: true, cloudHost: { publicKey: cloud.key.text } });
    hellos.answer = async () => introduction(reborn.key, { proven: true });
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
  });
});

describe('a key that was believed unproven, before there was a secret', () => {
  it('is not believed any more until its peer proves to know the secret', async () => {
    const before = await setUp();
    before.hellos.answer = async () => introduction(reborn.key);
    await before.keys.learn(cloud.id);
    const { keys, hellos, clock } = await setUp({
      store: new MemoryStore({ disk: before.store.crash() }),
      hasSecret: true,
    });
    expect(keys.known(cloud.id)).toBeUndefined();
    hellos.answer = async () => introduction(reborn.key);
    expect(await keys.learn(cloud.id)).toMatchObject(untrusted());
    hellos.answer = async () => introduction(cloud.key, { proven: true });
    await clock.advance(HELLO_AFTER_REFUSAL_MS);
    expect(await keys.learn(cloud.id)).toEqual(known(cloud));
  });
});

describe('a key told in hosts.json', () => {
  it('is known at once, without a hello', async () => {
    const { keys, hellos } = await setUp({ cloudHost: { publicKey: cloud.key.text } });
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
    expect(await keys.learn(cloud.id)).toEqual(known(cloud));
    expect(keys.status(cloud.id)).toEqual({ state: 'configured', publicKey: cloud.key.text });
    expect(hellos.asked).toBe(0);
  });

  it('goes before one that was pinned, and follows an edit of the file', async () => {
    const { keys, edit } = await setUp();
    await keys.learn(cloud.id);
    edit({ publicKey: reborn.key.text });
    expect(keys.known(cloud.id)?.text).toBe(reborn.key.text);
    edit({ publicKey: mac.key.text });
    expect(keys.known(cloud.id)?.text).toBe(mac.key.text);
    edit({});
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
  });

  it('that turns up while the peer is being asked is the one that counts', async () => {
    const { keys, hellos, edit } = await setUp();
    const gate = Promise.withResolvers<Introduction>();
    hellos.answer = () => gate.promise;
    const learning = keys.learn(cloud.id);
    edit({ publicKey: reborn.key.text });
    gate.resolve(introduction(cloud.key));
    expect(await learning).toEqual(known(reborn));
  });
});

describe('a peer whose signatures stopped fitting', () => {
  it('is looked at again, and its new key is shown but not taken', async () => {
    const { keys, hellos, log, clock } = await setUp();
    await keys.learn(cloud.id);
    hellos.answer = async () => introduction(reborn.key);
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
    expect(keys.status(cloud.id)).toEqual({
      state: 'changed',
      publicKey: cloud.key.text,
      seenKey: reborn.key.text,
      why: expect.stringContaining('hosts.json'),
    });
    expect(log.named('peer.key_changed')).toMatchObject([{ level: 'warn', fields: { hostId: 'cloud' } }]);
  });

  it('is looked at only now and then, and told of once', async () => {
    const { keys, hellos, log, clock } = await setUp();
    await keys.learn(cloud.id);
    hellos.answer = async () => introduction(reborn.key);
    for (let turn = 0; turn < 20; turn += 1) keys.suspect(cloud.id);
    await clock.advance(HELLO_AFTER_SUSPICION_MS - 1);
    keys.suspect(cloud.id);
    expect(hellos.asked).toBe(2);
    await clock.advance(1);
    keys.suspect(cloud.id);
    await clock.settle();
    expect(hellos.asked).toBe(3);
    expect(log.named('peer.key_changed')).toHaveLength(1);
  });

  it('is as before when its key is found to be the same', async () => {
    const { keys, clock } = await setUp();
    await keys.learn(cloud.id);
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.status(cloud.id)).toEqual({ state: 'pinned', publicKey: cloud.key.text });
  });

  it('is as before when a signature fits again', async () => {
    const { keys, hellos, clock } = await setUp({ cloudHost: { publicKey: cloud.key.text } });
    hellos.answer = async () => introduction(reborn.key);
    keys.suspect(cloud.id);
    await clock.settle();
    expect(keys.status(cloud.id).state).toBe('changed');
    keys.confirm(cloud.id);
    expect(keys.status(cloud.id)).toEqual({ state: 'configured', publicKey: cloud.key.text });
  });

  it('is at peace once hosts.json tells the new key', async () => {
    const { keys, hellos, clock, edit } = await setUp();
    await keys.learn(cloud.id);
    hellos.answer = async () => introduction(reborn.key);
    keys.suspect(cloud.id);
    await clock.settle();
    edit({ publicKey: reborn.key.text });
    expect(keys.status(cloud.id)).toEqual({ state: 'configured', publicKey: reborn.key.text });
  });
});

describe('the stored pins', () => {
  it.each([{ publicKey: 'no key' }, {}, null, 'text'])('refuse to be read as %j', async (value) => {
    const store = new MemoryStore();
    await store.commit([{ key: 'pin/cloud', value }]);
    await expect(setUp({ store })).rejects.toEqual(code('store_failed'));
  });
});

describe('stopping', () => {
  it('gives up the hello under way', async () => {
    const { keys, hellos } = await setUp();
    const aborted = Promise.withResolvers<never>();
    hellos.answer = (signal) => {
      signal.addEventListener('abort', () => aborted.reject(new MeshError('peer_silent', 'given up')));
      return aborted.promise;
    };
    const learning = keys.learn(cloud.id);
    await keys[Symbol.asyncDispose]();
    expect(await learning).toEqual({ kind: 'silent', why: 'given up' });
  });
});
