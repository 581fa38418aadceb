// The two ways in which a follower's copy comes to be, by news and by a snapshot: one feed server and one follower, all cases of both.
// Longer than 300 lines: both ways must end in the same copy, so that their cases are held against each other.
import { describe, expect, it } from 'vitest';
import { FEED_BYTES_MAX, FEED_VALUES_MAX } from '../../../mesh/feed/answer-room.ts';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { isSignedBy, type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../../mesh/feed/limits.ts';
import { FEED_VERSION, type FeedQuestion, type SnapshotAgent } from '../../../mesh/feed/messages.ts';
import type { AgentId } from '../../../mesh/names.ts';
import { feedEntryOf } from '../../../node/changes/change-log.ts';
import type { NewOwnEntry } from '../../../node/changes/stored-change-log.ts';
import { BEGUN_ANEW_MS_MIN, FeedServer, SNAPSHOT_KEPT_MS, SNAPSHOTS_MAX } from '../../../node/feed/feed-server.ts';
import { aRow, heardEntry, nothing, openTestLog, ownEntry, type TestLogOptions } from '../../support/log-entries.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { mac, cloud } = testKeys('mac', 'cloud');
const open = new AbortController().signal;

async function serve(options: TestLogOptions = {}, sign = mac.signer.sign) {
  const clock = new VirtualClock();
  const { changes, store } = await openTestLog({ ...options, clock });
  const said = new RecordingLog();
  const agents: SnapshotAgent[] = [];
  const read: AgentId[] = [];
  const server = new FeedServer({
    ...{ hostId: mac.id, log: said, changes, signer: { ...mac.signer, sign }, clock, random: seededRandom(2) },
    index: () => `"${changes.ownHead.n}"`,
    agents: () =>
      agents.map((agent) => ({
        read: () => {
          read.push(agent.id);
          return agent;
        },
      })),
  });
  const append = (count: number, members: Partial<NewOwnEntry> = {}) =>
    changes.append(
      Array.from({ length: count }, (_, at) => ownEntry(changes.ownHead.n + at + 1, members)),
      [],
      nothing,
    );
  const ask = (fields: Partial<FeedQuestion> = {}, signal = open) =>
    server.answer({ version: FEED_VERSION, logId: changes.logId, after: 0, waitMs: 0, ...fields }, signal);
  const chunk = async (fields: Partial<FeedQuestion> = {}, signal = open) => {
    const answer = await ask(fields, signal);
    if (answer.kind !== 'chunk') throw new Error('gone');
    return { ...answer, places: answer.entries.map((entry) => (entry as { readonly n: number }).n) };
  };
  const page = (from = 0, snapshot?: string) => {
    const answer = server.snapshot({ version: FEED_VERSION, from, snapshot });
    if (answer.kind !== 'page') throw new Error('gone');
    return { ...answer, names: answer.agents.map((agent) => (agent as SnapshotAgent).name) };
  };
  const addAgents = (count: number) => {
    for (let at = 0; at < count; at += 1) {
      const name = `agent-${agents.length}`;
      agents.push({ id: name as AgentId, name, sequence: 1, rows: [] });
    }
  };
  return { clock, changes, store, said, server, agents, read, append, ask, chunk, page, addAgents };
}

/** Whether a question is answered by now. */
function watch<T>(answer: Promise<T>) {
  const seen: { answer?: T } = {};
  void answer.then((one) => {
    seen.answer = one;
  });
  return seen;
}

describe('a question for news', () => {
  it('is answered with the own entries after the place, and where the log stands, signed', async () => {
    const { changes, append, chunk } = await serve();
    await append(2);
    await changes.hear([heardEntry(1)], [], nothing);
    await append(1);
    const { entries, places, head, more } = await chunk({ after: 1 });
    expect([places, more]).toEqual([[2, 3], false]);
    expect(entries).toEqual(((await changes.own(1, 10)) ?? []).map(feedEntryOf));
    expect(head).toMatchObject({ hostId: 'mac', logId: changes.logId, n: 3, at: '2026-01-27T12:00:00.000Z' });
    expect(head).toMatchObject({ chain: changes.ownHead.chain, digest: changes.ownHead.digest });
    expect([isSignedBy(head, mac.key), isSignedBy(head, cloud.key)]).toEqual([true, false]);
  });

  it('is answered with the version of the index where the log ends, and only there', async () => {
    const { append, chunk } = await serve();
    await append(1);
    expect(await chunk()).toMatchObject({ more: false, index: '"1"' });
    await append(FEED_ITEMS_MAX);
    const first = await chunk();
    expect([first.more, 'index' in first]).toEqual([true, false]);
    expect(await chunk({ after: FEED_ITEMS_MAX })).toMatchObject({ more: false, index: `"${FEED_ITEMS_MAX + 1}"` });
  });

  it('with no time to wait is answered at once, though nothing is new', async () => {
    const { chunk, changes } = await serve();
    expect(await chunk()).toMatchObject({ entries: [], head: { n: 0, chain: firstChain(changes.logId) }, more: false });
  });

  it('waits until there is something new, and wakes with it', async () => {
    const { clock, changes, append, chunk } = await serve();
    await append(1);
    const seen = watch(chunk({ after: 1, waitMs: 25_000 }));
    await clock.advance(24_000);
    await changes.hear([heardEntry(1)], [], nothing);
    await clock.settle();
    expect(seen.answer).toBeUndefined();
    await append(1);
    await clock.settle();
    expect([seen.answer?.places, seen.answer?.head.n]).toEqual([[2], 2]);
    expect(clock.sleepers).toBe(0);
  });

  it('is answered with nothing once it waited long enough', async () => {
    const { clock, chunk } = await serve();
    const seen = watch(chunk({ waitMs: 25_000 }));
    await clock.advance(24_999);
    expect(seen.answer).toBeUndefined();
    await clock.advance(1);
    expect(seen.answer?.places).toEqual([]);
  });

  it.each(['while it waits', 'before'])(
    'is answered when the host stops %s, and nobody is left waiting',
    async (when) => {
      const { clock, chunk } = await serve();
      const stop = new AbortController();
      if (when === 'before') stop.abort();
      const seen = watch(chunk({ waitMs: 25_000 }, stop.signal));
      await clock.settle();
      stop.abort();
      await clock.settle();
      expect([seen.answer?.places, clock.sleepers]).toEqual([[], 0]);
    },
  );

  it('has one statement for all who ask at one place, signed once', async () => {
    let signed = 0;
    const { changes, append, ask } = await serve({}, (octets) => {
      signed += 1;
      return mac.signer.sign(octets);
    });
    await append(2);
    await Promise.all([ask(), ask(), ask({ after: changes.ownHead.n })]);
    expect(signed).toBe(1);
    await append(1);
    await Promise.all([ask(), ask()]);
    expect(signed).toBe(2);
  });

  it('does not tell what is not durable', async () => {
    const { store, append, chunk } = await serve();
    await append(1);
    await chunk();
    store.stall();
    const done = append(1);
    expect((await chunk()).places).toEqual([1]);
    store.resume();
    await done;
    expect((await chunk()).places).toEqual([1, 2]);
  });

  it('is not answered before the log id is durable', async () => {
    const { clock, store, changes, chunk } = await serve();
    store.stall();
    const seen = watch(chunk());
    await clock.settle();
    expect(seen.answer).toBeUndefined();
    store.resume();
    await clock.settle();
    expect(seen.answer).toBeDefined();
    const again = await openTestLog({ disk: store.snapshot(), seed: 9 });
    expect(again.changes.logId).toBe(changes.logId);
  });

  it.each([
    ['which names no log', () => ({ logId: undefined })],
    ['about another log', () => ({ logId: 'f'.repeat(32), after: 2, waitMs: 25_000 })],
    ['behind what is kept', () => ({ after: 0 })],
  ])('%s is answered with the log that there is', async (_, fields) => {
    const { changes, append, ask } = await serve();
    await append(3);
    await changes.forget(await changes.read(0, 2));
    expect(await ask(fields())).toEqual({ kind: 'gone', logId: changes.logId });
  });

  it('from beyond the end is answered with the end, by which the follower sees that the log was set back', async () => {
    const { append, chunk } = await serve();
    await append(1);
    expect(await chunk({ after: 5, waitMs: 25_000 })).toMatchObject({ entries: [], head: { n: 1 } });
  });
});

describe('a chunk', () => {
  it('has as many entries as fit, and a head at the last of them; the next one goes on', async () => {
    const { changes, append, chunk } = await serve();
    await append(FEED_ITEMS_MAX + 1);
    const first = await chunk();
    const { n } = first.head;
    expect([first.places.length, n > 1, n <= FEED_ITEMS_MAX, first.more]).toEqual([n, true, true, true]);
    expect(first.head.chain).toBe((await changes.own(n - 1, 1))?.[0]?.chain);
    const rest = await chunk({ after: n });
    expect([rest.places[0], rest.head.n, rest.more]).toEqual([n + 1, FEED_ITEMS_MAX + 1, false]);
  });

  it.each([
    ['octets', 'é'.repeat(FEED_BYTES_MAX / 8)],
    ['values', Array(FEED_VALUES_MAX / 3).fill('')],
  ])('ends before it has too many %s', async (_, filling) => {
    const { append, chunk } = await serve();
    const changes = { added: [], removed: [], modified: [], current: [], filling };
    await append(5, { changes });
    const { places, head, more } = await chunk();
    expect(places.length).toBeGreaterThan(0);
    expect([places.length < 4, head.n, more]).toEqual([true, places.length, true]);
  });

  it('has an entry that is above every bound by itself', async () => {
    const { append, chunk } = await serve();
    await append(2, {
      changes: { added: [], removed: [], modified: [], current: [], ...{ filling: 'x'.repeat(FEED_BYTES_MAX) } },
    });
    expect((await chunk()).places).toEqual([1]);
  });
});

describe('what the host itself had said', () => {
  /** A log with these entries, and heads of it that this host, or somebody else, signed. */
  async function told() {
    const served = await serve();
    await served.append(2);
    const { logId, chain, digest } = served.changes.ownHead;
    const headAt = (n: number, fields: Partial<SignedHead> = {}, { signer } = mac) =>
      signHead({ ...{ hostId: mac.id, logId, n, chain, digest, at: '2026-01-27T12:00:00.000Z' }, ...fields }, signer);
    return {
      ...served,
      logId,
      headAt,
      elsewhere: { chain: nextChain(chain, feedEntryOf((await served.changes.own(0, 1))?.[0] ?? never())) },
    };
  }

  it.each([
    ['a later place', 5],
    ['another chain at the end', 2],
    ['another chain further back', 1],
    ['another chain at the beginning', 0],
  ])('of %s makes it begin a new log, which is said once', async (_, n) => {
    const { changes, said, ask, headAt, elsewhere, logId } = await told();
    const seen = headAt(n, n > 2 ? {} : elsewhere);
    const answers = await Promise.all([ask({ after: n, seen }), ask({ after: n, seen, waitMs: 25_000 })]);
    expect(changes.logId).not.toBe(logId);
    expect(answers).toEqual(Array(2).fill({ kind: 'gone', logId: changes.logId }));
    expect(said.named('feed.log_renewed')).toEqual([
      { level: 'warn', event: 'feed.log_renewed', fields: { logId, n, ownN: 2 } },
    ]);
    expect(changes.ownHead).toMatchObject({ n: 0, chain: firstChain(changes.logId) });
  });

  it('is answered with the new log also to whoever waits for news of the old one', async () => {
    const { clock, changes, ask, headAt } = await told();
    const seen = watch(ask({ after: 2, waitMs: 25_000 }));
    await clock.settle();
    await ask({ after: 5, seen: headAt(5) });
    await clock.settle();
    expect(seen.answer).toEqual({ kind: 'gone', logId: changes.logId });
  });

  it('is no proof when it is as it was, is of another log or host, or was signed by somebody else', async () => {
    const { changes, said, ask, headAt, elsewhere, logId } = await told();
    const proofs = [
      headAt(2),
      headAt(5, {}, cloud),
      headAt(5, { hostId: cloud.id }),
      headAt(5, { logId: 'f'.repeat(32) }),
      { ...headAt(2), ...elsewhere },
    ];
    for (const seen of proofs) await ask({ after: 2, seen });
    expect([changes.logId, said.events]).toEqual([logId, []]);
  });

  it('is no proof where nothing is kept that could tell', async () => {
    const { changes, append, ask, headAt, elsewhere, logId } = await told();
    await append(3);
    await changes.forget(await changes.read(0, 4));
    await ask({ after: 1, seen: headAt(1, elsewhere) });
    expect(changes.logId).toBe(logId);
  });
});

describe('the own log that a follower has told as ended', () => {
  it('makes the host begin a new one, which is said', async () => {
    const { changes, said, append, ask } = await serve();
    await append(1);
    const { logId } = changes;
    expect(await ask({ after: 1, ended: logId })).toEqual({ kind: 'gone', logId: changes.logId });
    expect([changes.logId === logId, said.named('feed.log_renewed').length]).toEqual([false, 1]);
  });

  it('makes it begin one twice a minute at most, whoever asks', async () => {
    const { changes, clock, ask } = await serve();
    await ask({ ended: changes.logId });
    const { logId } = changes;
    await clock.advance(BEGUN_ANEW_MS_MIN - 1);
    await ask({ ended: logId });
    expect(changes.logId).toBe(logId);
    await clock.advance(1);
    await ask({ ended: logId });
    expect(changes.logId).not.toBe(logId);
  });

  it('is none of this host where it is another log', async () => {
    const { changes, ask } = await serve();
    const { logId } = changes;
    await ask({ ended: 'f'.repeat(32) });
    expect(changes.logId).toBe(logId);
  });
});

describe('a snapshot', () => {
  it('has all agents as of one place, page by page, each read when it is asked for', async () => {
    const { changes, append, page, addAgents, agents, read } = await serve();
    await append(1);
    const { chain } = changes.ownHead;
    addAgents(FEED_ITEMS_MAX + 3);
    const first = page();
    expect([first.names.length, first.more, read.length]).toEqual([FEED_ITEMS_MAX, true, FEED_ITEMS_MAX]);
    addAgents(1);
    await append(1);
    const second = page(FEED_ITEMS_MAX, first.snapshot);
    expect(second.names).toEqual([0, 1, 2].map((at) => `agent-${FEED_ITEMS_MAX + at}`));
    expect([second.more, second.head, first.head.n, first.head.chain]).toEqual([false, first.head, 1, chain]);
    expect(isSignedBy(first.head, mac.key)).toBe(true);
    expect(page().head.n).toBe(2);
    expect(agents).toHaveLength(FEED_ITEMS_MAX + 4);
  });

  it('ends a page before it has too many octets', async () => {
    const { page, agents, addAgents } = await serve();
    const metadata = { filling: 'x'.repeat(2_000) };
    const rows = Array.from({ length: 10 }, (_, at) => aRow(`a${at}@x.com`, { metadata }));
    addAgents(20);
    for (const [at, agent] of agents.entries()) agents[at] = { ...agent, rows };
    const { names, more } = page();
    expect([names.length > 5, names.length < 14, more]).toEqual([true, true, true]);
  });

  it('of a host without agents is one empty page', async () => {
    const { page } = await serve();
    expect(page()).toMatchObject({ agents: [], more: false, head: { n: 0 } });
  });

  it('is one for all who ask at one place', async () => {
    const { append, page, addAgents } = await serve();
    addAgents(FEED_ITEMS_MAX + 1);
    const [one, other] = [page(), page()];
    expect(other.snapshot).toBe(one.snapshot);
    page(FEED_ITEMS_MAX, one.snapshot);
    expect(page(FEED_ITEMS_MAX, other.snapshot).names).toHaveLength(1);
    await append(1);
    expect(page().snapshot).not.toBe(one.snapshot);
  });

  it('is gone when nobody asked on for a minute, and is kept while somebody does', async () => {
    const { clock, server, page, addAgents } = await serve();
    addAgents(2 * FEED_ITEMS_MAX + 1);
    const { snapshot } = page();
    await clock.advance(SNAPSHOT_KEPT_MS);
    expect(page(FEED_ITEMS_MAX, snapshot).more).toBe(true);
    await clock.advance(SNAPSHOT_KEPT_MS + 1);
    expect(server.snapshot({ version: FEED_VERSION, from: 2 * FEED_ITEMS_MAX, snapshot })).toEqual({ kind: 'gone' });
  });

  it('is refused while as many are read as may be, so that those come to an end', async () => {
    const { append, page, addAgents } = await serve();
    addAgents(FEED_ITEMS_MAX + 1);
    const begun: string[] = [];
    for (let nth = 0; nth < SNAPSHOTS_MAX; nth += 1) {
      begun.push(page().snapshot);
      await append(1);
    }
    expect(() => page()).toThrowError(expect.objectContaining({ code: 'overloaded' }));
    expect(page(FEED_ITEMS_MAX, begun[0]).more).toBe(false);
    expect(page().head.n).toBe(SNAPSHOTS_MAX);
    expect(() => page(FEED_ITEMS_MAX, begun[0])).toThrow('gone');
    expect(page(FEED_ITEMS_MAX, begun[1]).names).toHaveLength(1);
  });
});

function never(): never {
  throw new Error('The log has that entry.');
}
