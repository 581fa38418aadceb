// What is believed of a peer whose key is not known: of its first hello, or of none.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { GREETING_MS_MAX } from '../../../../mesh/peer-silence.ts';
import type { Introduction } from '../../../../node/peers/keys/hello-question.ts';
import { HELLO_AFTER_REFUSAL_MS, HELLO_AFTER_SILENCE_MS } from '../../../../node/peers/keys/peer-keys.ts';
import {
  cloud,
  code,
  introduction,
  known,
  reborn,
  type Setting,
  setUp,
  silence,
  untrusted,
} from '../../../support/greeted-peer.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

describe('a key seen for the first time', () => {
  it('is pinned, when it comes from a private address, and known again after a restart', async () => {
    const { keys, store, log, clock } = await setUp();
    expect(keys.status(cloud.id)).toEqual({ state: 'unknown' });
    expect(await keys.learn(cloud.id)).toEqual(known(cloud));
    expect(keys.status(cloud.id)).toEqual({ state: 'pinned', publicKey: cloud.key.text });
    expect(log.named('peer.key_pinned')).toHaveLength(1);
    expect(await store.get('pin/cloud')).toEqual({
      publicKey: cloud.key.text,
      isProven: false,
      firstSeenAt: new Date(clock.wallMs()).toISOString(),
    });
    const again = await setUp({ store: new MemoryStore({ disk: store.snapshot() }) });
    expect(again.keys.known(cloud.id)?.text).toBe(cloud.key.text);
    expect(again.hellos.asked).toBe(0);
  });

  it('is trusted only once it is durable', async () => {
    const held = Promise.withResolvers<void>();
    const { keys, clock } = await setUp({ store: new MemoryStore({ sync: () => held.promise }) });
    let learned = false;
    const learning = keys.learn(cloud.id).then(() => {
      learned = true;
    });
    await clock.settle();
    expect([learned, keys.known(cloud.id)]).toEqual([false, undefined]);
    held.resolve();
    await learning;
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
  });

  it('is not trusted when it cannot be stored', async () => {
    const { keys } = await setUp({ store: new MemoryStore({ sync: () => Promise.reject(new Error('disk full')) }) });
    await expect(keys.learn(cloud.id)).rejects.toEqual(code('store_failed'));
    expect(keys.known(cloud.id)).toBeUndefined();
  });

  it('is learned by one hello, however many wait for it', async () => {
    const { keys, hellos } = await setUp();
    const learned = await Promise.all(Array.from({ length: 50 }, () => keys.learn(cloud.id)));
    expect(learned).toEqual(Array(50).fill(known(cloud)));
    expect(hellos.asked).toBe(1);
  });

  it('is learned for the others, though one of those who wait gives up', async () => {
    const { keys, hellos } = await setUp();
    const gate = Promise.withResolvers<Introduction>();
    hellos.answer = () => gate.promise;
    const impatient = new AbortController();
    const [first, second] = [keys.learn(cloud.id, impatient.signal), keys.learn(cloud.id)];
    impatient.abort(new Error('given up'));
    await expect(first).rejects.toThrow('given up');
    gate.resolve(introduction(cloud.key));
    expect(await second).toEqual(known(cloud));
  });

  it.each(['203.0.113.9', '2001:db8::1', ''])(
    'is not believed from %j, and shown with what can be done',
    async (address) => {
      const { keys, hellos, store, log } = await setUp();
      hellos.answer = async () => introduction(cloud.key, { address });
      expect(await keys.learn(cloud.id)).toMatchObject(untrusted());
      expect(keys.known(cloud.id)).toBeUndefined();
      expect(await store.get('pin/cloud')).toBeUndefined();
      expect(keys.status(cloud.id)).toEqual({
        state: 'untrusted',
        seenKey: cloud.key.text,
        why: expect.stringMatching(/publicKey.*MESH_SECRET/),
      });
      expect(log.named('peer.key_refused')).toHaveLength(1);
    },
  );

  it('is pinned too when it comes after the peer was called silent, and is not asked for twice', async () => {
    const { keys, hellos, clock } = await setUp();
    const late = Promise.withResolvers<Introduction>();
    hellos.answer = () => late.promise;
    const asked = keys.learn(cloud.id);
    await clock.advance(GREETING_MS_MAX);
    expect(await asked).toMatchObject({ kind: 'silent' });
    const again = keys.learn(cloud.id);
    late.resolve(introduction(cloud.key));
    expect(await again).toEqual(known(cloud));
    expect([hellos.asked, keys.known(cloud.id)?.text]).toEqual([1, cloud.key.text]);
  });

  it('is not asked of a host that hosts.json does not list', async () => {
    const { keys, hellos } = await setUp();
    expect(await keys.learn(reborn.id)).toEqual(untrusted(/lists no host/));
    expect([hellos.asked, keys.known(reborn.id), keys.status(reborn.id)]).toEqual([0, undefined, { state: 'unknown' }]);
  });
});

describe('with a secret', () => {
  it('a private address alone is not believed', async () => {
    const { keys, hellos } = await setUp({ hasSecret: true });
    hellos.answer = async () => introduction(cloud.key, { address: '127.0.0.1' });
    expect(await keys.learn(cloud.id)).toMatchObject(untrusted());
    expect(keys.status(cloud.id)).toMatchObject({ state: 'untrusted', seenKey: cloud.key.text });
  });

  it('a peer that proves to know it is believed from anywhere', async () => {
    const { keys, hellos } = await setUp({ hasSecret: true });
    hellos.answer = async () => introduction(cloud.key, { address: '203.0.113.9', proven: true });
    expect(await keys.learn(cloud.id)).toEqual(known(cloud));
  });
});

describe('a peer that can not be asked who it is', () => {
  it.each([
    ['silent', HELLO_AFTER_SILENCE_MS, silence, 'unknown'],
    ['busy', HELLO_AFTER_REFUSAL_MS, () => Promise.reject(new MeshError('overloaded', 'It is busy.')), 'unknown'],
    [
      'not to be believed',
      HELLO_AFTER_REFUSAL_MS,
      async () => introduction(cloud.key, { address: '203.0.113.9' }),
      'untrusted',
    ],
  ])('because it is %s is not asked again for %i ms', async (_, pauseMs, answer, state) => {
    const { keys, hellos, clock } = await setUp();
    hellos.answer = answer;
    const outcomes = async () => (await keys.learn(cloud.id)).kind;
    const first = await outcomes();
    expect(keys.status(cloud.id).state).toBe(state);
    await clock.advance(pauseMs - 1);
    expect(await outcomes()).toBe(first);
    expect(hellos.asked).toBe(1);
    hellos.answer = async () => introduction(cloud.key);
    await clock.advance(1);
    expect(await outcomes()).toBe('known');
    expect(keys.status(cloud.id)).toEqual({ state: 'pinned', publicKey: cloud.key.text });
  });
});

describe('a peer that knows no hello', () => {
  const without = async (setting: Setting = {}, address = '10.0.0.7') => {
    const all = await setUp(setting);
    all.hellos.answer = async () => ({ kind: 'legacy', address });
    return { ...all, learned: await all.keys.learn(cloud.id) };
  };

  it('is a legacy peer, on a private network where no secret is set', async () => {
    const { keys, learned } = await without();
    expect(learned).toEqual({ kind: 'legacy', address: '10.0.0.7', why: expect.stringContaining('404') });
    expect(keys.status(cloud.id)).toEqual({ state: 'unknown', why: expect.stringContaining('404') });
  });

  it.each([
    ['where a secret is set', { hasSecret: true }, '127.0.0.1', /secret has no say/],
    ['that answers from a public address', {}, '203.0.113.9', /from 203\.0\.113\.9, which is no private address/],
    ['that answers from two places', {}, '', /from more than one address/],
  ])('is none %s, and is shown with what can be done', async (_, setting, address, why) => {
    const { keys, learned, log } = await without(setting, address);
    expect(learned).toEqual(untrusted(why));
    expect(keys.status(cloud.id)).toEqual({ state: 'untrusted', why: expect.stringMatching(why) });
    expect(keys.status(cloud.id).why).toContain('"legacy": true');
    expect(log.named('peer.key_refused')).toMatchObject([{ level: 'warn' }]);
  });

  it.each([
    ['where a secret is set', { hasSecret: true, cloudHost: { legacy: true } }, '127.0.0.1'],
    ['from a public address', { cloudHost: { legacy: true } }, '203.0.113.9'],
  ])('is one that hosts.json declares so, also %s', async (_, setting, address) => {
    expect((await without(setting, address)).learned).toMatchObject({ kind: 'legacy', address });
  });

  it.each([false, true])(
    'counts unsigned where no secret is set, else only when it is declared so (%s)',
    async (hasSecret) => {
      const { keys, edit } = await setUp({ hasSecret });
      expect(keys.believesUnsigned(cloud.id)).toBe(!hasSecret);
      edit({ legacy: true });
      expect(keys.believesUnsigned(cloud.id)).toBe(true);
    },
  );

  it('keeps the key that was seen of it, until hosts.json declares it legacy and it speaks without', async () => {
    const { keys, hellos, edit, store } = await setUp();
    await keys.learn(cloud.id);
    hellos.answer = async () => ({ kind: 'legacy', address: '10.0.0.7' });
    const { signal } = new AbortController();
    await keys.recheck(cloud.id, signal);
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
    edit({ legacy: true });
    expect(keys.known(cloud.id)?.text).toBe(cloud.key.text);
    await keys.recheck(cloud.id, signal);
    expect([keys.known(cloud.id), await store.get('pin/cloud')]).toEqual([undefined, undefined]);
  });

  it('that hosts.json declares legacy beside a key of it introduces itself with that key only', async () => {
    const { keys, hellos, clock } = await setUp({ cloudHost: { legacy: true, publicKey: cloud.key.text } });
    expect(keys.known(cloud.id)).toBeUndefined();
    hellos.answer = async () => introduction(reborn.key);
    expect(await keys.learn(cloud.id)).toMatchObject(untrusted(/another key/));
    hellos.answer = async () => introduction(cloud.key, { address: '203.0.113.9' });
    await clock.advance(HELLO_AFTER_REFUSAL_MS);
    expect(await keys.learn(cloud.id)).toEqual(known(cloud));
  });
});
