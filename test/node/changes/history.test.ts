// Who held an address when: read out of the log, whoever wrote the entries and however long ago.
import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId } from '../../../mesh/names.ts';
import { HISTORIES_IN_HAND_MAX, HISTORY_ENTRIES_READ_MAX, History } from '../../../node/changes/history.ts';
import type { NewOwnEntry } from '../../../node/changes/stored-change-log.ts';
import { aRow, heardEntry, mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';

const A = 'a@x.com' as AddressKey;
const none = { added: [], removed: [], modified: [], current: [] };
const changesOf = (members: object) => ({ ...none, ...members }) as NewOwnEntry['changes'];
const everything = { after: 0, limit: 100 };

/** An address that comes, changes and goes, among others that do. */
async function someHistory() {
  const opened = await openTestLog();
  const { changes, clock } = opened;
  const added = changesOf({ added: ['a@x.com'], current: ['a@x.com'] });
  await changes.append(
    [
      ownEntry(1, { event: 'agent.created', changes: added, rows: { put: [aRow('a@x.com')], drop: [] } }),
      ownEntry(2, { event: 'agent.email.changed', changes: added }),
      mailEntry(3),
      ownEntry(4, { rows: { put: [aRow('a@x.com', { agentName: 'b' })], drop: [] } }),
      ownEntry(5, { changes: changesOf({ added: ['b@x.com'] }), rows: { put: [aRow('b@x.com')], drop: [] } }),
      ownEntry(6, { changes: changesOf({ removed: ['a@x.com'] }), rows: { put: [], drop: [A] } }),
    ],
    [],
    nothing,
  );
  await clock.advance(60_000);
  const theirs = heardEntry(7, { chain: 'c7', changes: added, rows: { put: [aRow('a@x.com')], drop: [] } });
  const gone = changesOf({ removed: ['A@x.com'.toLowerCase()] });
  const resync = heardEntry(9, { event: 'agent.email.changed', changes: gone, resync: true });
  await changes.hear([theirs, resync], [], nothing);
  return { ...opened, history: new History(changes, clock) };
}

describe('the history of an address', () => {
  it('tells each mutation once, with its place and its chain, and what other hosts did with the rest', async () => {
    const { history, changes } = await someHistory();
    const { history: items, keptSince, after } = await history.ask({ key: A }, everything);
    const own = await changes.own(0, 10);
    const at = (n: number) => ({ place: { hostId: 'mac', logId: changes.logId, n }, chain: own?.[n - 1]?.chain });
    const origin = (n: number) => ({ hostId: 'cloud', logId: 'c'.repeat(32), n });
    expect(items).toMatchObject([
      { address: 'shown', sequence: 1, event: 'agent.created', ...at(1) },
      { address: 'changed', sequence: 4, ...at(3) },
      { address: 'gone', sequence: 6, ...at(5) },
      { address: 'shown', place: origin(7), chain: 'c7', heardAt: '2026-01-27T12:01:00.000Z', agent: { id: 'p1' } },
      { address: 'gone', place: origin(9), resync: true },
    ]);
    expect([keptSince, after]).toEqual(['2026-01-27T12:00:00.000Z', undefined]);
  });

  it('is the same after a start, read from the disk', async () => {
    const { history, store, clock } = await someHistory();
    const { changes } = await openTestLog({ disk: store.snapshot() });
    expect(await new History(changes, clock).ask({ key: A }, everything)).toEqual(
      await history.ask({ key: A }, everything),
    );
  });

  it('is read out of what the events list in entries from before there were rows', async () => {
    const lists = [{ added: ['A@x.com'] }, { modified: ['a@x.com'] }, { added: ['b@x.com'] }, { removed: ['a@x.com'] }];
    const old = lists.flatMap((list, at) => {
      const changes = changesOf(list);
      return [
        { seq: 2 * at + 1, ...ownEntry(2 * at + 1, { event: 'agent.email.changed', changes }) },
        { seq: 2 * at + 2, ...ownEntry(2 * at + 2, { changes }) },
      ];
    });
    const disk = new Map(old.map((entry) => [`change/${String(entry.seq).padStart(16, '0')}`, JSON.stringify(entry)]));
    const { changes, clock } = await openTestLog({ disk });
    const { history } = await new History(changes, clock).ask({ key: A }, everything);
    expect(history.map(({ address, sequence, place }) => [address, sequence, place])).toEqual([
      ['shown', 1, undefined],
      ['changed', 3, undefined],
      ['gone', 7, undefined],
    ]);
  });

  it('survives changes of a form that nobody here knows', async () => {
    const { changes, clock } = await openTestLog();
    const strange = { event: 'agent.moved', changes: { to: 'mini' } as never };
    await changes.hear([heardEntry(1, { ...strange, rows: { put: [aRow('a@x.com')], drop: [] } })], [], nothing);
    await changes.hear([heardEntry(2, { ...strange, event: 'agent.email.changed', resync: true })], [], nothing);
    const { history } = await new History(changes, clock).ask({ key: A }, everything);
    expect(history).toMatchObject([{ address: 'changed', event: 'agent.moved', changes: { to: 'mini' } }]);
  });

  it('begins with the oldest entry that is kept', async () => {
    const { history, changes } = await someHistory();
    await changes.forget(await changes.read(0, 3));
    const items = await history.ask({ key: A }, everything);
    expect(items.history.map(({ address }) => address)).toEqual(['changed', 'gone', 'shown', 'gone']);
  });
});

describe('the history of an agent', () => {
  it('is every event of it but those of its mail', async () => {
    const { history } = await someHistory();
    const ask = async (id: string) => (await history.ask({ agentId: id as AgentId }, everything)).history;
    expect((await ask('a1')).map(({ sequence }) => sequence)).toEqual([1, 2, 4, 5, 6]);
    expect((await ask('p1')).map(({ id, address }) => [id, address])).toEqual([
      ['heard-7', undefined],
      ['heard-9', undefined],
    ]);
    expect(await ask('nobody')).toEqual([]);
  });

  it('with an address is what became of that address there', async () => {
    const { history } = await someHistory();
    const { history: items } = await history.ask({ key: A, agentId: 'p1' as AgentId }, everything);
    expect(items.map(({ address }) => address)).toEqual(['shown', 'gone']);
  });
});

describe('a page of history', () => {
  it('goes on where the one before it stopped', async () => {
    const { history } = await someHistory();
    const all: unknown[] = [];
    let pages = 0;
    for (let after: number | undefined = 0; after !== undefined; pages += 1) {
      const page = await history.ask({ key: A }, { after, limit: 2 });
      all.push(...page.history);
      after = page.after;
    }
    expect([all, pages]).toEqual([(await history.ask({ key: A }, everything)).history, 3]);
  });

  it('reads a bounded part of the log, and says where to go on', async () => {
    const head = 2 * HISTORY_ENTRIES_READ_MAX;
    const reads: number[] = [];
    const log = {
      oldestSeq: 1,
      read: async (after: number, limit: number) => {
        reads.push(limit);
        const count = Math.max(0, Math.min(limit, head - after));
        return Array.from({ length: count }, (_, at) => ({ seq: after + at + 1, ...ownEntry(at) }));
      },
    };
    const { clock } = await openTestLog();
    const page = await new History(log, clock).ask({ key: A }, everything);
    expect(page.history).toEqual([]);
    expect(page.after).toBeGreaterThanOrEqual(HISTORY_ENTRIES_READ_MAX);
    expect(page.after).toBeLessThan(head);
  });

  it('is refused while too many others are made, and not afterwards', async () => {
    const { changes, clock } = await someHistory();
    const gate = Promise.withResolvers<void>();
    const log = { oldestSeq: 1, read: async () => gate.promise.then(() => changes.read(0, 0)) };
    const history = new History(log, clock);
    const asked = Array.from({ length: HISTORIES_IN_HAND_MAX }, () => history.ask({ key: A }, everything));
    await expect(history.ask({ key: A }, everything)).rejects.toMatchObject({ code: 'overloaded' });
    gate.resolve();
    await Promise.all(asked);
    await expect(history.ask({ key: A }, everything)).resolves.toMatchObject({ history: [] });
  });

  it('lets others have their turn while it reads', async () => {
    const { changes } = await openTestLog();
    const entries = Array.from({ length: 500 }, (_, at) => ownEntry(at + 1));
    await changes.append(entries, [], nothing);
    let [nowMs, turns] = [0, 0];
    const slow = {
      wallMs: () => 0,
      // Every look at the clock takes longer than a turn may last.
      monotonicMs: () => {
        nowMs += 10;
        return nowMs;
      },
      sleep: async () => {
        turns += 1;
      },
    };
    await new History(changes, slow).ask({ key: A }, everything);
    expect(turns).toBe(500);
  });
});
