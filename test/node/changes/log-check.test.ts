// The own entries on the disk are held against their chain, and whatever was done to them is found.
import { describe, expect, it } from 'vitest';
import { CHECK_PART_ENTRIES, type CheckedPart, LogCheck } from '../../../node/changes/log-check.ts';
import { aRow, heardEntry, mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';

const COUNT = 6;

async function checkedLog(spoil: (disk: Map<string, string>) => void = nothing, trimmed = 0) {
  const { changes, store } = await openTestLog();
  for (let n = 1; n <= COUNT; n += 1) {
    const rows = n % 2 === 1 ? { rows: { put: [aRow(`a${n}@x.com`)], drop: [] } } : {};
    await changes.append([mailEntry(n), ownEntry(n, rows)], [], nothing);
    await changes.hear([heardEntry(n)], [], nothing);
  }
  await changes.forget(await changes.read(0, 3 * trimmed));
  const disk = new Map(store.snapshot());
  spoil(disk);
  const again = await openTestLog({ disk });
  return { ...again, check: new LogCheck(again.store, again.changes, again.clock) };
}

/** Of the own entry at the place `n`. */
const keyOf = (n: number) => `change/${String(3 * n - 1).padStart(16, '0')}`;

function alter(disk: Map<string, string>, n: number, change: (entry: Record<string, unknown>) => object): void {
  const entry = JSON.parse(disk.get(keyOf(n)) ?? '') as Record<string, unknown>;
  disk.set(keyOf(n), JSON.stringify({ ...entry, ...change(entry) }));
}

describe('the check of a log', () => {
  it('finds nothing in one that is as it was written', async () => {
    const { check, changes } = await checkedLog();
    const all = { logId: changes.logId, from: 1, to: COUNT, head: COUNT, oldest: 1 };
    expect(await check.part(0)).toEqual(all);
    expect(await check.part(4)).toEqual({ ...all, from: 5 });
    expect(await check.part(COUNT)).toEqual({ ...all, from: COUNT + 1 });
    expect(await check.part(COUNT + 5)).toMatchObject({ to: COUNT + 5, head: COUNT });
  });

  it('begins with the oldest entry that is kept, and takes that for what it says', async () => {
    const { check } = await checkedLog(nothing, 2);
    expect(await check.part(0)).toMatchObject({ from: 3, to: COUNT, oldest: 3 });
    expect(await check.part(0)).not.toHaveProperty('fault');
    const { check: spoilt } = await checkedLog((disk) => alter(disk, 4, () => ({ id: 'other' })), 2);
    expect(await spoilt.part(0)).toMatchObject({ fault: expect.stringContaining('Entry 4 ') });
  });

  it('finds nothing in one without entries', async () => {
    const { changes, store, clock } = await openTestLog();
    expect(await new LogCheck(store, changes, clock).part(0)).toMatchObject({ from: 1, to: 0, head: 0, oldest: 1 });
  });

  it.each<[what: string, spoil: (disk: Map<string, string>) => void, fault: string]>([
    ['tells something else', (disk) => alter(disk, 3, () => ({ event: 'agent.deleted' })), 'Entry 3 .*the chain'],
    ['has other rows', (disk) => alter(disk, 3, () => ({ rows: { put: [], drop: [] } })), 'Entry 3 .*the chain'],
    ['has lost its rows', (disk) => alter(disk, 1, () => ({ rows: undefined })), 'Entry 1 .*the chain'],
    ['has another chain', (disk) => alter(disk, 3, () => ({ chain: 'AAAA' })), 'Entry 3 .*the chain'],
    ['has another digest', (disk) => alter(disk, 4, () => ({ digest: 'AAAA' })), 'Entry 4 .*its digest'],
  ])('finds an entry that %s', async (_, spoil, fault) => {
    const { check } = await checkedLog(spoil);
    expect(await check.part(0)).toMatchObject({ fault: expect.stringMatching(fault) });
  });

  it('holds the first entry of a part against the one before the part', async () => {
    const { check } = await checkedLog((disk) => alter(disk, 3, () => ({ id: 'other' })));
    expect(await check.part(2)).toMatchObject({ from: 3, fault: expect.stringContaining('Entry 3 ') });
    expect(await check.part(3)).not.toHaveProperty('fault');
  });

  it('finds what was altered since the start, for it reads the disk', async () => {
    const { check, store } = await checkedLog();
    const entry = (await store.get(keyOf(COUNT))) as { chain: string };
    await store.commit([{ key: keyOf(COUNT), value: { ...entry, id: 'other' } }]);
    expect(await check.part(0)).toMatchObject({ fault: expect.stringContaining(`Entry ${COUNT} `) });
  });

  it('finds a newest entry that is not the one at which the log ends', async () => {
    const { changes, store, clock } = await checkedLog();
    const { logId, ownHead, oldestN } = changes;
    const elsewhere = { logId, oldestN, ownHead: { ...ownHead, digest: 'AAAA' } };
    expect(await new LogCheck(store, elsewhere, clock).part(0)).toMatchObject({
      fault: expect.stringMatching(`Entry ${COUNT} .*is the newest`),
    });
  });

  it('is refused an entry that is missing', async () => {
    const { check } = await checkedLog((disk) => void disk.delete(keyOf(3)));
    await expect(check.part(0)).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('takes a bounded part at a time, each held against the one before it', async () => {
    const { changes, store, clock } = await openTestLog();
    for (let at = 0; at < 3; at += 1) {
      const entries = Array.from({ length: CHECK_PART_ENTRIES }, (_, next) =>
        ownEntry(at * CHECK_PART_ENTRIES + next + 1),
      );
      await changes.append(entries, [], nothing);
    }
    const check = new LogCheck(store, changes, clock);
    const parts: CheckedPart[] = [];
    for (let after = 0; after < 3 * CHECK_PART_ENTRIES; after = parts.at(-1)?.to ?? 0)
      parts.push(await check.part(after));
    expect(parts.map(({ from, to, fault }) => [from, to, fault])).toEqual(
      [0, 1, 2].map((at) => [at * CHECK_PART_ENTRIES + 1, (at + 1) * CHECK_PART_ENTRIES, undefined]),
    );
  });
});
