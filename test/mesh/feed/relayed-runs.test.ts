import { describe, expect, it } from 'vitest';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { headsDigest, judgeRun, type Relayable, relayedRuns } from '../../../mesh/feed/relayed-runs.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { testKeys } from '../../support/test-keys.ts';

const LOG = '0'.repeat(32);
const OTHER_LOG = '1'.repeat(32);
const ROOMY = 1_000_000;

function entry(hostId: HostId, n: number): FeedEntry {
  const agent = { id: 'iac' as AgentId, name: 'iac', hostId };
  return { n, id: `${hostId}-${n}`, event: 'agent.updated', timestamp: '', agent, sequence: n, changes: {} };
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

const placesOf = (runs: ReturnType<typeof relayedRuns>) =>
  runs.map((run) => [run.head.hostId, run.entries.map((one) => (one as FeedEntry).n), run.head.n]);

describe('what a relay passes on', () => {
  it('is a run for each host that something was heard of, up to what the host signed', () => {
    const entries = [heard('mac', 4), heard('nas', 1), heard('mac', 5), heard('mac', 6)];
    const runs = relayedRuns({ entries, heads: heads(headOf('mac', 6), headOf('nas', 1)), octetsMax: ROOMY });
    expect(placesOf(runs)).toEqual([
      ['mac', [4, 5, 6], 6],
      ['nas', [1], 1],
    ]);
  });

  it.each([
    ['does not end where the host signed', [heard('mac', 4), heard('mac', 5)]],
    ['has a gap', [heard('mac', 4), heard('mac', 6)]],
    ['is of another log', [heard('mac', 6, { logId: OTHER_LOG })]],
    ['ends with a snapshot', [heard('mac', 5), heard('mac', 6), heard('mac', 6, { isResync: true })]],
  ])('is the statement alone when what was heard %s', (_, entries) => {
    expect(placesOf(relayedRuns({ entries, heads: heads(headOf('mac', 6)), octetsMax: ROOMY }))).toEqual([
      ['mac', [], 6],
    ]);
  });

  it('goes on behind a snapshot', () => {
    const entries = [heard('mac', 2), heard('mac', 5, { isResync: true }), heard('mac', 6)];
    expect(placesOf(relayedRuns({ entries, heads: heads(headOf('mac', 6)), octetsMax: ROOMY }))).toEqual([
      ['mac', [6], 6],
    ]);
  });

  it('is the statement alone of a host whose entries have no room any more', () => {
    const entries = [heard('mac', 1), heard('nas', 1)];
    const octetsMax = Buffer.byteLength(JSON.stringify(entry('mac' as HostId, 1)));
    expect(placesOf(relayedRuns({ entries, heads: heads(headOf('mac', 1), headOf('nas', 1)), octetsMax }))).toEqual([
      ['mac', [1], 1],
      ['nas', [], 1],
    ]);
  });

  it('says nothing of a host that is gone meanwhile', () => {
    expect(relayedRuns({ entries: [heard('mac', 1)], heads: heads(), octetsMax: ROOMY })).toEqual([]);
  });
});

describe('the digest of all statements', () => {
  it('is the same in whatever order hosts came', () => {
    const [mac, nas] = [headOf('mac', 2), headOf('nas', 1)];
    expect(headsDigest(heads(mac, nas))).toBe(headsDigest(heads(nas, mac)));
  });

  it.each([
    ['a statement that was missed', heads(headOf('mac', 1), headOf('nas', 1))],
    ['a host that was missed', heads(headOf('mac', 2))],
    ['another log', heads(headOf('mac', 2, OTHER_LOG), headOf('nas', 1))],
  ])('shows %s', (_, known) => {
    expect(headsDigest(known)).not.toBe(headsDigest(heads(headOf('mac', 2), headOf('nas', 1))));
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

  it('that was told otherwise of the very place is to be looked at: the host may have been set back', () => {
    expect(judgeRun({ ...headOf('mac', 6), chain: firstChain(OTHER_LOG) }, run)).toEqual({
      kind: 'chunk',
      entries: [],
    });
  });
});
