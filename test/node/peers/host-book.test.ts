// Hosts that hosts.json lists no more: known through restarts, and heard while what was agreed concerns them.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../mesh/hosts-json.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Write } from '../../../mesh/ports.ts';
import { mayClaim } from '../../../node/peers/claimants.ts';
import { HostBook } from '../../../node/peers/host-book.ts';
import { type MemoryDisk, MemoryStore } from '../../support/memory-store.ts';
import { urlOf } from '../../support/roster-of.ts';

const [cloud, mini] = ['cloud', 'mini'] as string[] as [HostId, HostId];
const entry = (id: string, more: object = {}) => ({ id, url: urlOf(id), ...more });
const list = (...entries: readonly object[]) =>
  parseRoster(JSON.stringify({ hosts: [entry('mac'), ...entries] }), { id: 'mac', hostName: 'mac' });

async function setUp(disk?: MemoryDisk, listed = list(entry('cloud', { publicKey: 'A'.repeat(43) }))) {
  const store = new MemoryStore(disk === undefined ? {} : { disk });
  const world = { roster: listed, concerned: new Set<HostId>([cloud]) };
  const roster = () => world.roster;
  const hosts = await HostBook.open({ store, roster });
  const isConcerned = (id: HostId) => world.concerned.has(id);
  return { store, world, hosts, mayClaim: (id: HostId) => mayClaim(id, { roster, hosts, isConcerned }) };
}

describe('a host that was taken out of hosts.json', () => {
  it('is known, with its key, and heard while what was agreed concerns it', async () => {
    const { world, hosts, mayClaim } = await setUp();
    world.roster = list();
    await hosts.edited();
    expect([hosts.get(cloud)?.url, hosts.get(cloud)?.publicKey, mayClaim(cloud)]).toEqual([
      urlOf('cloud'),
      'A'.repeat(43),
      true,
    ]);
    world.concerned.clear();
    expect([hosts.get(cloud)?.url, mayClaim(cloud)]).toEqual([urlOf('cloud'), false]);
  });

  it('is known after a restart that finds it gone from the file', async () => {
    const { store } = await setUp();
    const { hosts, mayClaim } = await setUp(store.snapshot(), list());
    expect([hosts.get(cloud)?.url, mayClaim(cloud)]).toEqual([urlOf('cloud'), true]);
  });

  it('is where the file last said', async () => {
    const { world, hosts, store } = await setUp();
    world.roster = list({ ...entry('cloud'), url: 'http://moved.example:1' });
    await hosts.edited();
    world.roster = list();
    await hosts.edited();
    expect(hosts.get(cloud)?.url).toBe('http://moved.example:1');
    expect((await setUp(store.snapshot(), list())).hosts.get(cloud)?.url).toBe('http://moved.example:1');
  });

  it('that was never listed is not known, whatever was agreed', async () => {
    const { world, hosts, mayClaim } = await setUp();
    world.concerned.add(mini);
    expect([hosts.get(mini), mayClaim(mini)]).toEqual([undefined, false]);
  });

  it('that the file disables is heard only while what was agreed concerns it', async () => {
    const { world, mayClaim } = await setUp();
    world.roster = list(entry('cloud', { enabled: false }));
    expect(mayClaim(cloud)).toBe(true);
    world.concerned.clear();
    expect(mayClaim(cloud)).toBe(false);
  });
});

describe('the book of hosts', () => {
  const KEYED = entry('cloud', { publicKey: 'A'.repeat(43) });

  it('goes by hosts.json as it is now, before what it noted', async () => {
    const { world, hosts } = await setUp();
    world.roster = list({ ...entry('cloud'), url: 'http://moved.example:1' });
    expect(hosts.get(cloud)?.url).toBe('http://moved.example:1');
    world.roster = list(entry('mini'));
    expect([hosts.get(cloud)?.url, hosts.get(mini)?.url]).toEqual([urlOf('cloud'), urlOf('mini')]);
  });

  it('keeps all that hosts.json said of a host', async () => {
    const { store } = await setUp();
    const { hosts } = await setUp(store.snapshot(), list());
    expect(hosts.get(cloud)?.entry).toEqual(KEYED);
  });

  it('writes what changed, and nothing else', async () => {
    const store = new MemoryStore();
    const written: (readonly string[])[] = [];
    const noting = {
      load: (prefix: string) => store.load(prefix),
      commit: (writes: readonly Write[]) => {
        written.push(writes.map(({ key }) => key));
        return store.commit(writes);
      },
    };
    let roster = list(KEYED);
    const hosts = await HostBook.open({ store: noting, roster: () => roster });
    await hosts.edited();
    roster = list(KEYED, entry('mini'));
    await hosts.edited();
    expect(written).toEqual([['host/mac', 'host/cloud'], ['host/mini']]);
  });

  it('has noted an edit when that is on the disk', async () => {
    const { store, world, hosts } = await setUp();
    store.stall();
    world.roster = list(KEYED, entry('mini'));
    let isNoted = false;
    const noted = hosts.edited().then(() => {
      isNoted = true;
    });
    await nextTurn();
    expect(isNoted).toBe(false);
    store.resume();
    await noted;
    expect(store.snapshot().has('host/mini')).toBe(true);
  });

  it.each([
    ['host/Not A Host', KEYED],
    ['host/cloud', { id: 'cloud' }],
    ['host/cloud', 'cloud'],
  ])('does not open on a record that is no host: %s', async (key, value) => {
    const opening = setUp(new Map([[key, JSON.stringify(value)]]));
    await expect(opening).rejects.toMatchObject({ code: 'store_failed', message: expect.stringContaining(`'${key}'`) });
  });
});
