// Whom this host writes to no more: in every spelling, for as long as it was said, and after a restart.
import { describe, expect, it } from 'vitest';
import { type Suppression, Suppressions, suppressionRequest } from '../../../../node/send/bounces/suppressions.ts';
import { cpuMsOf } from '../../../support/cpu-time.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const DAY_MS = 24 * 3_600_000;
/** So many that looking at each of them shows. */
const MANY = 20_000;
/** How often something is done that is too quick to be measured once. */
const TIMES = 60;
const START_MS = Date.parse('2026-01-27T12:00:00Z');

async function open(entriesMax?: number) {
  const clock = new VirtualClock(START_MS);
  const store = new MemoryStore();
  const list = await Suppressions.open(store, clock, entriesMax);
  const add = (address: string, more: Partial<Suppression> = {}) =>
    list.add(suppressionRequest.parse({ address, ...more }));
  const inDays = (days: number) => new Date(START_MS + days * DAY_MS).toISOString();
  const stored = async () => {
    const keys: string[] = [];
    for await (const page of store.load('send/suppression/')) keys.push(...page.map(({ key }) => key));
    return keys;
  };
  return { clock, store, list, add, inDays, stored, again: () => Suppressions.open(store, clock) };
}

async function bounce(list: Suppressions, store: MemoryStore, ...addresses: string[]) {
  const { writes, apply } = list.adding(addresses.map((address) => list.bounced(address, '5.1.1 no such\r\nuser')));
  await store.commit(writes);
  apply();
  return writes;
}

describe('a suppressed address', () => {
  it('is not written to, in any spelling, for good, and after a restart', async () => {
    const { list, add, again } = await open();
    expect(await add('Bob@Mail.Example.com', { reason: 'opt_out', detail: 'asked\nfor it' })).toEqual({
      address: 'Bob@Mail.Example.com',
      reason: 'opt_out',
      detail: 'asked for it',
      since: '2026-01-27T12:00:00.000Z',
    });
    for (const suppressions of [list, await again()]) {
      for (const spelling of ['bob@mail.example.com', 'BOB@MAIL.EXAMPLE.COM', ' bob@mail.example.com '])
        expect(suppressions.against(spelling)?.reason).toBe('opt_out');
      expect(suppressions.against('bobby@mail.example.com')).toBeUndefined();
    }
  });

  it.each([
    ['grüße@BÜCHER.example', 'grüße@xn--bcher-kva.example'],
    ['straße@mail.example.com', 'STRASSE@mail.example.com'],
  ])('%s is %s too', async (one, other) => {
    const { list, add } = await open();
    await add(one);
    expect(list.against(other)?.address).toBe(one);
  });

  it('that bounced is written to again after 90 days', async () => {
    const { clock, store, list } = await open();
    await bounce(list, store, 'bob@mail.example.com');
    expect(list.against('bob@mail.example.com')).toMatchObject({ reason: 'bounce', detail: '5.1.1 no such user' });
    await clock.advance(90 * DAY_MS - 1);
    expect(list.against('bob@mail.example.com')).toBeDefined();
    await clock.advance(1);
    expect([list.against('bob@mail.example.com'), list.list({ limit: 10 }).entries]).toEqual([undefined, []]);
  });

  it('is told of only once its entry is durable', async () => {
    const { store, list } = await open();
    const { writes, apply } = list.adding([list.bounced('bob@mail.example.com', '5.1.1')]);
    expect(list.against('bob@mail.example.com')).toBeUndefined();
    await store.commit(writes);
    apply();
    expect(list.against('bob@mail.example.com')).toBeDefined();
  });

  it('whose owner opted out stays so when it bounces, or for less time', async () => {
    const { store, list, add, inDays } = await open();
    await add('bob@mail.example.com', { reason: 'opt_out' });
    expect(await bounce(list, store, 'bob@mail.example.com')).toEqual([]);
    expect(await add('bob@mail.example.com', { expiresAt: inDays(1) })).toMatchObject({ reason: 'opt_out' });
    await add('ann@mail.example.com', { reason: 'complaint', expiresAt: inDays(365) });
    await bounce(list, store, 'ann@mail.example.com');
    expect(list.against('ann@mail.example.com')?.reason).toBe('complaint');
  });

  it('that bounced stays for good when its owner opts out', async () => {
    const { store, list, add } = await open();
    await bounce(list, store, 'bob@mail.example.com');
    const entry = await add('bob@mail.example.com', { reason: 'opt_out' });
    expect([entry.expiresAt, list.against('bob@mail.example.com')]).toEqual([undefined, entry]);
  });

  it('named twice in one bounce is one entry', async () => {
    const { store, list } = await open();
    expect(await bounce(list, store, 'bob@mail.example.com', 'BOB@mail.example.com')).toHaveLength(1);
  });

  it('is taken off the list, also on the disk', async () => {
    const { list, add, again, stored } = await open();
    await add('bob@mail.example.com');
    await list.remove('BOB@mail.example.com');
    expect([list.against('bob@mail.example.com'), await stored()]).toEqual([undefined, []]);
    expect((await again()).against('bob@mail.example.com')).toBeUndefined();
    await expect(list.remove('bob@mail.example.com')).rejects.toMatchObject({ code: 'not_found', field: 'address' });
  });

  it.each([
    [{ address: 'no address' }, 'invalid_address', 'address'],
    [{ address: 'bob@mail.example.com', expiresAt: '2026-01-27T12:00:00Z' }, 'invalid_request', 'expiresAt'],
  ])('is refused when it says nothing, %#', async ({ address, ...more }, code, field) => {
    const { list, add, stored } = await open();
    await expect(add(address, more)).rejects.toMatchObject({ code, field });
    expect([list.list({ limit: 10 }).entries, await stored()]).toEqual([[], []]);
  });
});

describe('the list', () => {
  it('is told in pages, in the order of the addresses', async () => {
    const { list, add } = await open();
    for (const name of ['d', 'b', 'E', 'a', 'c']) await add(`${name}@mail.example.com`);
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const { entries, nextCursor } = list.list({ cursor, limit: 2 });
      pages.push(entries.map(({ address }) => address[0]).join(''));
      cursor = nextCursor;
      // What comes in between is seen where it belongs.
      if (pages.length === 1) await add('bb@mail.example.com');
    } while (cursor !== undefined);
    expect(pages).toEqual(['ab', 'bc', 'dE']);
  });

  it('forgets at the start what is over, also on the disk', async () => {
    const { clock, store, list, add, again, stored } = await open();
    await bounce(list, store, 'old@mail.example.com');
    await add('bob@mail.example.com');
    await clock.advance(91 * DAY_MS);
    const { entries } = (await again()).list({ limit: 10 });
    expect([entries.map(({ address }) => address), await stored()]).toEqual([
      ['bob@mail.example.com'],
      ['send/suppression/bob@mail.example.com'],
    ]);
  });

  it('that is full is listed without holding anybody up, also after a change', async () => {
    const suppressions = await Suppressions.open(new MemoryStore(), new VirtualClock(), MANY);
    const many = Array.from({ length: MANY - 100 }, (_, at) =>
      suppressions.bounced(`${(at * 7_919) % MANY}@x.com`, ''),
    );
    suppressions.adding(many).apply();
    let added = 0;
    const change = () => {
      added += 1;
      suppressions.adding([suppressions.bounced(`new${added}@x.com`, '')]).apply();
      return suppressions.list({ limit: 200 });
    };
    const changes = () => {
      for (let times = 0; times < 10; times += 1) change();
    };
    // Sorting the list at each change would take ten times as long as once.
    const sorting = () => many.map(({ address }) => address).sort();
    expect(cpuMsOf(changes)).toBeLessThan(2 * cpuMsOf(sorting));
    expect(change().entries.map(({ address }) => address)).toEqual(
      many
        .map(({ address }) => address)
        .sort()
        .slice(0, 200),
    );
  });

  it('that is full refuses one more without looking through all of it', async () => {
    const suppressions = await Suppressions.open(new MemoryStore(), new VirtualClock(), MANY);
    const all = Array.from({ length: MANY }, (_, at) => suppressions.bounced(`${at}@x.com`, ''));
    suppressions.adding(all).apply();
    const add = () => suppressions.adding([suppressions.bounced('new@x.com', '')]);
    expect(add).toThrow(/its most/);
    const refusing = () => {
      for (let times = 0; times < TIMES; times += 1) {
        try {
          add();
        } catch {
          // As above.
        }
      }
    };
    const looking = () => {
      for (let times = 0; times < TIMES; times += 1) all.find(({ address }) => address === 'new@x.com');
    };
    expect(cpuMsOf(refusing)).toBeLessThan(cpuMsOf(looking) / 2);
  });

  it('that is full forgets what is over a thousand at a time', async () => {
    const most = 1_500;
    const { clock, store, list, add, stored } = await open(most);
    await bounce(list, store, ...Array.from({ length: most }, (_, at) => `${at}@x.com`));
    await clock.advance(91 * DAY_MS);
    await add('bob@x.com');
    expect(await stored()).toHaveLength(501);
    expect(list.against('bob@x.com')).toBeDefined();
  });

  it('that is full makes room of what is over, replaces what it has, and refuses the rest', async () => {
    const most = 100;
    const { clock, store, list, add, stored } = await open(most);
    const addresses = Array.from({ length: most }, (_, at) => `${at}@x.com`);
    await bounce(list, store, ...addresses);
    await expect(add('bob@x.com')).rejects.toMatchObject({ code: 'store_full' });
    expect(await add('7@x.com', { reason: 'opt_out' })).toMatchObject({ reason: 'opt_out' });
    await clock.advance(91 * DAY_MS);
    await add('bob@x.com');
    expect(await stored()).toEqual(['send/suppression/7@x.com', 'send/suppression/bob@x.com']);
  });

  it('that cannot be read keeps the node from starting', async () => {
    const { store, again } = await open();
    await store.commit([{ key: 'send/suppression/bob@x.com', value: { address: 7 } }]);
    await expect(again()).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('bob@x.com'),
    });
  });
});
