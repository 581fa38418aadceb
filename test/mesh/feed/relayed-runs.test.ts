import { describe, expect, it } from 'vitest';
import { AnswerRoom } from '../../../mesh/feed/answer-room.ts';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../../mesh/feed/limits.ts';
import { judgeRun, type Relayable, relayedRuns, standpointsDigest } from '../../../mesh/feed/relayed-runs.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { testKeys } from '../../support/test-keys.ts';

const LOG = '0'.repeat(32);
const OTHER_LOG = '1'.repeat(32);
const ROOMY = { octets: 10_000_000, values: 1_000_000 };

function entry(hostId: HostId, n: number, changes: unknown = {}): FeedEntry {
  const agent = { id: 'iac' as AgentId, name: 'iac', hostId };
  return { n, id: `${hostId}-${n}`, event: 'agent.updated', timestamp: '', agent, sequence: n, changes };
}

function heard(host: string, n: number, { logId = LOG, isResync = false } = {}): Relayable {
  const hostId = host as HostId;
  return { hostId, place: { logId, n }, entry: entry(hostId, n), isResync };
}

function headOf(host: string, n: number, logId = LOG): SignedHead {
  const { signer } = testKeys(host)[host] ?? {};
  if (signer === undefined) throw new Error(`'${host}' has no key.`);
  let chain = firstChain(logId);
  for (let at = 1; at <= n; at += 1) chain = nextChain(chain, entry(host as HostId, at));
  return signHead({ hostId: host as HostId, logId, n, chain, digest: EMPTY_DIGEST, at: '' }, signer);
}

function heads(...some: readonly SignedHead[]): ReadonlyMap<HostId, SignedHead> {
  return new Map(some.map((head) => [head.hostId, head]));
}

const told = ({ runs }: ReturnType<typeof relayedRuns>) =>
  runs.map((run) => [run.head.hostId, run.entries.map((one) => (one as FeedEntry).n), run.head.n]);

describe('what a relay passes on', () => {
  it('is a run for each host that something was heard of, up to what the host signed', () => {
    const entries = [heard('mac', 4), heard('nas', 1), heard('mac', 5), heard('mac', 6)];
    const relayed = relayedRuns({ entries, heads: heads(headOf('mac', 6), headOf('nas', 1)), room: new AnswerRoom() });
    expect(told(relayed)).toEqual([
      ['mac', [4, 5, 6], 6],
      ['nas', [1], 1],
    ]);
    expect(relayed.others).toEqual([]);
  });

  it.each([
    ['does not end where the host signed', [heard('mac', 4), heard('mac', 5)]],
    ['has a gap', [heard('mac', 4), heard('mac', 6)]],
    ['is of another log', [heard('mac', 6, { logId: OTHER_LOG })]],
    ['ends with a snapshot', [heard('mac', 5), heard('mac', 6), heard('mac', 6, { isResync: true })]],
  ])('is where the log stands, and no more, when what was heard %s', (_, entries) => {
    const head = headOf('mac', 6);
    const relayed = relayedRuns({ entries, heads: heads(head), room: new AnswerRoom() });
    expect(relayed).toEqual({ runs: [], others: [['mac', head.chain]] });
  });

  it('goes on behind a snapshot', () => {
    const entries = [heard('mac', 2), heard('mac', 5, { isResync: true }), heard('mac', 6)];
    const relayed = relayedRuns({ entries, heads: heads(headOf('mac', 6)), room: new AnswerRoom() });
    expect(told(relayed)).toEqual([['mac', [6], 6]]);
  });

  it.each([
    ['octets', { octets: 2_000, values: 15_000 }, 'x'.repeat(2_000)],
    ['values', { octets: 100_000, values: 100 }, Array.from({ length: 100 }, () => 0)],
  ])('leaves a run out that has more %s than there is room, and none of those behind it', (_, room, changes) => {
    const large = { ...heard('mac', 1), entry: entry('mac' as HostId, 1, changes) };
    const [mac, nas] = [headOf('mac', 1), headOf('nas', 1)];
    const span = { entries: [large, heard('nas', 1)], heads: heads(mac, nas), room: new AnswerRoom(room) };
    const relayed = relayedRuns(span);
    expect(told(relayed)).toEqual([['nas', [1], 1]]);
    expect(relayed.others).toEqual([['mac', mac.chain]]);
  });

  it('is at most as many entries of one host as an answer may have', () => {
    const some = (count: number) => Array.from({ length: count }, (_, at) => heard('mac', at + 1));
    const runsOf = (count: number) =>
      relayedRuns({ entries: some(count), heads: heads(headOf('mac', count)), room: new AnswerRoom(ROOMY) });
    expect(told(runsOf(FEED_ITEMS_MAX))).toHaveLength(1);
    expect(runsOf(FEED_ITEMS_MAX + 1)).toMatchObject({ runs: [], others: [['mac', expect.anything()]] });
  });

  it('is at most as many runs as an answer may have', () => {
    const names = Array.from({ length: FEED_ITEMS_MAX + 1 }, (_, at) => `host-${at}`);
    const known = heads(...names.map((name) => ({ ...headOf('mac', 1), hostId: name as HostId })));
    const entries = names.map((name) => heard(name, 1));
    const { runs, others } = relayedRuns({ entries, heads: known, room: new AnswerRoom(ROOMY) });
    expect([runs.length, others.length]).toEqual([FEED_ITEMS_MAX, 1]);
  });

  it('counts the statements into the room too', () => {
    const [mac, nas] = [headOf('mac', 1), headOf('nas', 1)];
    const room = new AnswerRoom({
      octets: JSON.stringify({ entries: [entry('mac' as HostId, 1)], head: mac }).length,
      values: 100,
    });
    const relayed = relayedRuns({ entries: [heard('mac', 1), heard('nas', 1)], heads: heads(mac, nas), room });
    expect(told(relayed)).toEqual([['mac', [1], 1]]);
    expect(relayed.others).toEqual([['nas', nas.chain]]);
  });

  it('says of a host that is gone meanwhile that it knows nothing of it', () => {
    const relayed = relayedRuns({ entries: [heard('mac', 1)], heads: heads(), room: new AnswerRoom() });
    expect(relayed).toEqual({ runs: [], others: [['mac', null]] });
  });
});

describe('the digest of where all logs stand', () => {
  const digest = (...some: readonly SignedHead[]) =>
    standpointsDigest(some.map(({ hostId, chain }) => [hostId, chain] as const));

  it('is the same in whatever order hosts came', () => {
    const [mac, nas] = [headOf('mac', 2), headOf('nas', 1)];
    expect(digest(mac, nas)).toBe(digest(nas, mac));
  });

  it.each([
    ['a run that was missed', [headOf('mac', 1), headOf('nas', 1)]],
    ['a host that was missed', [headOf('mac', 2)]],
    ['another log', [headOf('mac', 2, OTHER_LOG), headOf('nas', 1)]],
  ])('shows %s', (_, known) => {
    expect(digest(...known)).not.toBe(digest(headOf('mac', 2), headOf('nas', 1)));
  });
});

describe('what a run is to a follower', () => {
  const run = { entries: [4, 5, 6].map((n) => entry('mac' as HostId, n)), head: headOf('mac', 6) };
  const numbersOf = (verdict: ReturnType<typeof judgeRun>) =>
    verdict.kind === 'chunk' ? verdict.entries.map((one) => (one as FeedEntry).n) : verdict.kind;

  it.each([
    ['before it', 3, [4, 5, 6]],
    ['within it', 4, [5, 6]],
    ['at its end', 6, 'known'],
    ['behind it', 7, 'known'],
    ['too far before it', 2, 'behind'],
  ])('that stands %s', (_, n, expected) => {
    expect(numbersOf(judgeRun(headOf('mac', n), run))).toEqual(expected);
  });

  it.each([
    ['knows nothing of the host', undefined],
    ['knows another log of it', headOf('mac', 3, OTHER_LOG)],
  ])('that %s is that the host is to be asked', (_, from) => {
    expect(judgeRun(from, run)).toEqual({ kind: 'behind' });
  });

  it('without entries is all that there is of a host of which nothing was known, if its log has none and it shows no address', () => {
    const bare = (head: SignedHead) => judgeRun(undefined, { entries: [], head }).kind;
    expect(bare(headOf('mac', 0))).toBe('bare');
    expect(bare(headOf('mac', 1))).toBe('behind');
    expect(bare({ ...headOf('mac', 0), digest: firstChain(LOG) })).toBe('behind');
    expect(bare({ ...headOf('mac', 0), chain: firstChain(OTHER_LOG) })).toBe('behind');
    expect(judgeRun(headOf('mac', 3, OTHER_LOG), { entries: [], head: headOf('mac', 0) }).kind).toBe('behind');
  });

  it('that was told otherwise of the very place is to be looked at: the host may have been set back', () => {
    expect(judgeRun({ ...headOf('mac', 6), chain: firstChain(OTHER_LOG) }, run)).toEqual({
      kind: 'chunk',
      entries: [],
    });
  });
});
