import { describe, expect, it } from 'vitest';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import { signHead } from '../../../mesh/feed/head.ts';
import type { RelayQuestion } from '../../../mesh/feed/relay-messages.ts';
import { standpointsDigest } from '../../../mesh/feed/relayed-runs.ts';
import type { AgentId } from '../../../mesh/names.ts';
import { feedEntryOf } from '../../../node/changes/change-log.ts';
import { FeedServer } from '../../../node/feed/feed-server.ts';
import { heardEntry } from '../../../node/feed/heard-entry.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { AGE_TOGETHER_MS_MAX, RELAY_SPAN_ENTRIES_MAX, RelayServer } from '../../../node/feed/relay-server.ts';
import { mailEntry, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';

const { mac, cloud } = testKeys('mac', 'cloud');
const LOG = 'c'.repeat(32);
const open = new AbortController().signal;

/** An entry of `cloud`, of a version that says more than this one knows. */
function cloudEntry(n: number): FeedEntry {
  const told = { n, id: `cloud-${n}`, event: 'agent.updated', timestamp: '2026-01-27T12:00:00.000Z', sequence: n };
  const agent = { id: 'puck', name: 'puck', hostId: cloud.id };
  return { ...told, agent, changes: {}, rank: n } as unknown as FeedEntry;
}

async function relay() {
  const { changes, store, clock } = await openTestLog();
  const copies = await HostCopies.open(store, clock);
  const ports = { hostId: mac.id, changes, copies, clock, random: seededRandom(1), log: new RecordingLog() };
  const server = new FeedServer({ ...ports, agents: () => [], index: () => '"1"', signer: mac.signer });
  const relays = new RelayServer({ ...ports, server });
  let [n, chain] = [0, firstChain(LOG)];
  const hear = async (count: number) => {
    const heard = Array.from({ length: count }, () => {
      n += 1;
      const entry = cloudEntry(n);
      chain = nextChain(chain, entry);
      return heardEntry(cloud.id, LOG, { entry, chain });
    });
    const head = signHead({ hostId: cloud.id, logId: LOG, n, chain, digest: EMPTY_DIGEST, at: '' }, cloud.signer);
    const { writes, apply } = copies.change(cloud.id, {
      rows: { put: [], drop: [] },
      agents: new Map(),
      standing: head,
    });
    await changes.hear(heard, writes, apply);
    copies.copy.confirm(cloud.id);
    return head;
  };
  const ask = (fields: Partial<RelayQuestion>, signal = open) =>
    relays.answer({ version: 1, scope: 'mesh', runs: true, ages: false, waitMs: 0, ...fields }, signal);
  const news = async (fields: Partial<RelayQuestion>, signal = open) => {
    const answer = await ask(fields, signal);
    if (answer.kind === 'gone') throw new Error('gone');
    const told = answer.runs.map(({ head, entries }) => [head.hostId, entries.map((one) => (one as FeedEntry).n)]);
    return { ...answer, told };
  };
  const here = () => ({ logId: changes.logId, seq: changes.head });
  return { changes, copies, store, clock, server, hear, ask, news, here };
}

describe('a relay', () => {
  it('passes on what it heard and did itself, mail apart, since its follower asked last', async () => {
    const { changes, hear, news, here } = await relay();
    await hear(1);
    const since = here();
    await hear(2);
    await changes.append([ownEntry(1), mailEntry(2), ownEntry(3)], [], nothing);
    const { told, others, seq } = await news({ after: since });
    expect(told).toEqual([
      ['cloud', [2, 3]],
      ['mac', [1, 2]],
    ]);
    expect([others, seq]).toEqual([[], changes.head]);
  });

  it('passes an entry on as its host told it, with members that are not known here', async () => {
    const { changes, hear, news } = await relay();
    await hear(1);
    const [one] = (await news({ after: { logId: changes.logId, seq: 0 } })).runs;
    expect(one?.entries).toEqual([cloudEntry(1)]);
  });

  it('signs for itself alone', async () => {
    const { changes, hear, news, here } = await relay();
    const since = here();
    const signed = await hear(1);
    await changes.append([ownEntry(1)], [], nothing);
    const { runs } = await news({ after: since });
    expect(runs[0]?.head).toEqual(signed);
    expect(runs[1]?.head).toMatchObject({ hostId: 'mac', n: 1 });
    const [own] = (await changes.own(0, 1)) ?? [];
    expect(runs[1]?.entries).toEqual(own === undefined ? undefined : [feedEntryOf(own)]);
  });

  it('tells who says where it stands what is new since, of each host', async () => {
    const { hear, news, server } = await relay();
    const first = await hear(1);
    const head = await hear(2);
    const asked = await news({
      places: [
        ['cloud', 1, first.chain],
        ['mac', 0, server.head.chain],
      ] as never,
    });
    expect([asked.told, asked.others]).toEqual([[['cloud', [2, 3]]], []]);
    const known = await news({
      places: [
        ['cloud', 3, head.chain],
        ['mac', 0, server.head.chain],
      ] as never,
    });
    expect([known.told, known.others]).toEqual([[], []]);
  });

  it.each([
    ['of a host that the asker knows nothing of', [], [['cloud', 'chain']]],
    [
      'of a host of which the relay knows nothing',
      [['nas', 4, firstChain(LOG)]],
      [
        ['cloud', 'chain'],
        ['nas', null],
      ],
    ],
    [
      'of a host whose log is another one for the asker',
      [['cloud', 7, firstChain('d'.repeat(32))]],
      [['cloud', 'chain']],
    ],
  ])('says where the log stands, and no more, %s', async (_, places, expected) => {
    const { hear, news, server } = await relay();
    const { chain } = await hear(3);
    const own = ['mac', 0, server.head.chain];
    const { told, others } = await news({ places: [own, ...places] as never });
    expect(told).toEqual([]);
    expect(others).toEqual(expected.map(([host, its]) => [host, its === null ? null : chain]));
  });

  describe('of a host that it knows to have nothing', () => {
    /** `nas` has a log without entries; `bare`: and an agent without an address, of whose log it is a later one. */
    async function knowing({ bare = false } = {}) {
      const world = await relay();
      const { copies, changes, server } = world;
      const { nas } = testKeys('nas');
      const standing = signHead({ ...server.head, hostId: nas.id, logId: LOG, chain: firstChain(LOG) }, nas.signer);
      const agents = new Map(bare ? [['iac' as AgentId, 'iac']] : []);
      const { writes, apply } = copies.change(nas.id, { rows: { put: [], drop: [] }, agents, standing });
      await changes.hear([], writes, apply);
      const own = ['mac', 0, server.head.chain];
      const news = async (fields: Partial<RelayQuestion>, ...places: readonly unknown[]) => {
        const { runs, others } = await world.news({ ...fields, places: [own, ...places] as never });
        return { runs, others };
      };
      return { news, standing };
    }

    it('passes its statement on to whoever knows nothing of it', async () => {
      const { news, standing } = await knowing();
      const all = { runs: [{ entries: [], head: standing }], others: [] };
      expect(await news({})).toEqual(all);
      // As an earlier version says it.
      expect(await news({}, ['nas', 0, null])).toEqual(all);
    });

    it('says no more than where its log stands to whoever knows another log of it, or wants no entries', async () => {
      const { news, standing } = await knowing();
      const bounded = { runs: [], others: [['nas', standing.chain]] };
      expect(await news({}, ['nas', 4, firstChain('d'.repeat(32))])).toEqual(bounded);
      expect(await news({ runs: false })).toEqual(bounded);
    });

    it('says no more where it knows agents that no digest shows', async () => {
      const { news, standing } = await knowing({ bare: true });
      expect(await news({})).toEqual({ runs: [], others: [['nas', standing.chain]] });
    });
  });

  it('says where the logs stand to whom wants no entries', async () => {
    const { hear, news, here } = await relay();
    const since = here();
    const { chain } = await hear(3);
    const { told, others } = await news({ after: since, runs: false });
    expect([told, others]).toEqual([[], [['cloud', chain]]]);
  });

  it('says by its digest where all logs stand, also one of which nothing was told', async () => {
    const { copies, changes, hear, news, here, server } = await relay();
    const { chain } = await hear(1);
    const since = here();
    const digest = (of: string) =>
      standpointsDigest([
        [mac.id, server.head.chain],
        [cloud.id, of],
      ]);
    expect((await news({ after: since })).digest).toBe(digest(chain));
    const head = signHead({ ...server.head, hostId: cloud.id, n: 9, chain: firstChain(LOG) }, cloud.signer);
    const { writes, apply } = copies.change(cloud.id, {
      rows: { put: [], drop: [] },
      agents: new Map(),
      standing: head,
    });
    await changes.hear([], writes, apply);
    const quiet = await news({ after: since });
    expect([quiet.told, quiet.digest]).toEqual([[], digest(firstChain(LOG))]);
  });

  it.each([
    ['another log', () => ({ logId: LOG, seq: 0 })],
    ['a place that it has not reached', (logId: string) => ({ logId, seq: 1_000_000 })],
  ])('has to be told the places by who goes on from %s', async (_, from) => {
    const { changes, ask, hear } = await relay();
    await hear(1);
    expect(await ask({ after: from(changes.logId) })).toEqual({ kind: 'gone' });
  });

  it('has to be told the places by who is far behind', async () => {
    const { changes, ask, hear } = await relay();
    await hear(RELAY_SPAN_ENTRIES_MAX);
    const from = { logId: changes.logId, seq: 0 };
    expect(await ask({ after: from })).toMatchObject({ kind: 'runs' });
    await hear(1);
    expect(await ask({ after: from })).toEqual({ kind: 'gone' });
  });

  it('answers nothing before its own log id is durable', async () => {
    const { store, ask, clock } = await relay();
    store.stall();
    let isAnswered = false;
    const answer = ask({ places: [] }).then(() => {
      isAnswered = true;
    });
    await clock.settle();
    expect(isAnswered).toBe(false);
    store.resume();
    await answer;
  });

  it('lets who is told of everything wait until there is something new', async () => {
    const { hear, news, here, clock } = await relay();
    let told: unknown;
    void news({ after: here(), waitMs: 5_000 }).then((answer) => {
      told = answer.told;
    });
    await clock.advance(4_000);
    expect(told).toBeUndefined();
    await hear(1);
    await clock.advance(1);
    expect(told).toEqual([['cloud', [1]]]);
  });

  it('says to whom asks how old what it knows is: of itself nothing, of a silent host its own age', async () => {
    const { hear, news, clock, copies } = await relay();
    await hear(1);
    await clock.advance(AGE_TOGETHER_MS_MAX);
    expect((await news({ ages: true })).ages).toEqual({ ageMs: AGE_TOGETHER_MS_MAX, older: [] });
    await clock.advance(1);
    expect((await news({ ages: true })).ages).toEqual({ ageMs: 0, older: [['cloud', AGE_TOGETHER_MS_MAX + 1]] });
    copies.copy.forget(cloud.id);
    expect((await news({ ages: true })).ages).toEqual({ ageMs: 0, older: [['cloud', null]] });
    expect((await news({})).ages).toBeUndefined();
  });
});
