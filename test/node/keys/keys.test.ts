// Keys as they are made, recognised, used, ended, and found again after a restart.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { isKeyText, keyDigest, newKeyText } from '../../../node/keys/key-text.ts';
import { KEYS_MAX, Keys, LAST_USE_MS } from '../../../node/keys/keys.ts';
import { type MemoryDisk, MemoryStore } from '../../support/memory-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

async function setUp(disk: MemoryDisk = new Map()) {
  const [clock, random, store] = [new VirtualClock(), seededRandom(1), new MemoryStore({ disk })];
  return { clock, store, keys: await Keys.open({ store, clock, random }) };
}

describe('the text of a key', () => {
  it.each([
    [0, 0n],
    [255, 2n ** 256n - 1n],
  ])('has 43 characters of base62 for 32 octets of %i', (octet, value) => {
    const made = newKeyText({ bytes: (count) => new Uint8Array(count).fill(octet) });
    expect(made).toMatch(/^amk_[0-9A-Za-z]{43}$/);
    expect(base62(made.slice(4))).toBe(value);
  });

  // The example of FIPS 180-2, appendix B.1, and `müller` as UTF-8 by sha256sum.
  it.each([
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['m\xfcller', '2dbd218072117713f2d5996a726a9b216ed791ffd0783b6ba4ab6d61b8333192'],
  ])('of %s has the digest that was written down for it', (text, digest) => expect(keyDigest(text)).toBe(digest));

  it('tells a key from other tokens', () => expect([isKeyText('amk_x'), isKeyText('token')]).toEqual([true, false]));
});

describe('a key', () => {
  it('is recognised by its text, with what it may do', async () => {
    const { keys } = await setUp();
    const { record, text } = await keys.create({ name: 'gateway', scopes: ['read', 'read'], agentId: 'a1' as AgentId });
    expect(keys.actorOf(keyDigest(text))).toEqual({
      ...{ id: record.id, name: 'gateway', agentId: 'a1' },
      scopes: new Set(['read']),
    });
    expect(keys.actorOf(keyDigest(`${text}x`))).toBeUndefined();
  });

  it('is stored by its digest alone', async () => {
    const { keys, store } = await setUp();
    const { text } = await keys.create({ name: 'gateway', scopes: ['read'] });
    const kept = JSON.stringify([...store.snapshot()]);
    expect([kept.includes(text.slice(4)), kept.includes(keyDigest(text))]).toEqual([false, true]);
  });

  it('opens the same after a restart, until it is revoked', async () => {
    const first = await setUp();
    const { record, text } = await first.keys.create({ name: 'gateway', scopes: ['send'] });
    const second = await setUp(first.store.snapshot());
    expect(second.keys.actorOf(keyDigest(text))?.name).toBe('gateway');
    await second.keys.revoke(record.id);
    expect(second.keys.actorOf(keyDigest(text))).toBeUndefined();
    expect((await setUp(second.store.snapshot())).keys.list()).toEqual([]);
  });

  it('opens nothing once it has expired', async () => {
    const { keys, clock } = await setUp();
    const expiresMs = clock.wallMs() + 1_000;
    const { text } = await keys.create({ name: 'gateway', scopes: ['read'], expiresMs });
    await clock.advance(999);
    expect(keys.actorOf(keyDigest(text))).toBeDefined();
    await clock.advance(1);
    expect(keys.actorOf(keyDigest(text))).toBeUndefined();
  });

  it('remembers its last use, written down once a minute at most', async () => {
    const { keys, clock, store } = await setUp();
    const { text } = await keys.create({ name: 'gateway', scopes: ['read'] });
    const usedMs = clock.wallMs();
    keys.actorOf(keyDigest(text));
    await clock.advance(LAST_USE_MS - 1);
    keys.actorOf(keyDigest(text));
    expect(keys.list()[0]?.lastUsedMs).toBe(usedMs);
    await clock.advance(1);
    keys.actorOf(keyDigest(text));
    await store.commit([]);
    expect(await store.get(`key/${keys.list()[0]?.id}`)).toMatchObject({ lastUsedMs: usedMs + LAST_USE_MS });
  });

  it('is known to be used after the clock was set back, too', async () => {
    const { clock, keys } = await setUp();
    const { text } = await keys.create({ name: 'gateway', scopes: ['read'] });
    keys.actorOf(keyDigest(text));
    clock.setWall(-24 * 3_600_000);
    keys.actorOf(keyDigest(text));
    expect(keys.list()[0]?.lastUsedMs).toBe(clock.wallMs());
  });

  it('is refused when there are as many as may be', async () => {
    const { keys } = await setUp();
    const made = Array.from({ length: KEYS_MAX }, (_, at) => keys.create({ name: `k${at}`, scopes: ['read'] }));
    const oneMore = keys.create({ name: 'one more', scopes: ['read'] });
    await expect(oneMore).rejects.toThrow(/1000 keys, as many as it may/);
    expect((await Promise.all(made)).length).toBe(KEYS_MAX);
  });

  it('that is none can not be revoked', async () => {
    await expect((await setUp()).keys.revoke('k1')).rejects.toMatchObject({ code: 'not_found' });
  });
});

function base62(text: string): bigint {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return [...text].reduce((sum, one) => sum * 62n + BigInt(alphabet.indexOf(one)), 0n);
}
