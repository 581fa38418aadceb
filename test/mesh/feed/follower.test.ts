import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import { takeChunk } from '../../../mesh/feed/follower.ts';
import { isSignedBy, type SignedHead, type Standing, signHead } from '../../../mesh/feed/head.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { addressOf } from '../../support/agent-of.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { cloud, mini } = testKeys('cloud', 'mini');
const LOG = '0123456789abcdef0123456789abcdef';
const START: Standing = { logId: LOG, n: 0, chain: firstChain(LOG), digest: EMPTY_DIGEST };

function rowOf(address: string, fields: Partial<IndexRow> = {}): IndexRow {
  const { address: text, key } = addressOf(address);
  const agent = { agentId: 'id-puck' as AgentId, agentName: 'puck' };
  return { address: text, key, ...agent, hostId: cloud.id, primary: true, ...fields };
}

function entryOf(n: number, fields: Partial<FeedEntry> = {}): FeedEntry {
  return {
    ...{ n, id: `event-${n}`, event: 'agent.email.changed', timestamp: '2026-01-27T12:00:00.000Z', sequence: n },
    agent: { id: 'id-puck' as AgentId, name: 'puck', hostId: cloud.id },
    changes: { added: [], removed: [], modified: [], current: [] },
    ...fields,
  };
}

/** Where a log that began at `from` stands after these entries, all of whose rows are new. */
function standingAfter(from: Standing, entries: readonly FeedEntry[]): Standing {
  return {
    logId: from.logId,
    n: from.n + entries.length,
    chain: entries.reduce(nextChain, from.chain),
    digest: changedDigest(
      from.digest,
      [],
      entries.flatMap(({ rows }) => rows?.put ?? []),
    ),
  };
}

function heardOf(entries: readonly FeedEntry[]) {
  let { chain } = START;
  return entries.map((entry) => {
    chain = nextChain(chain, entry);
    return { entry, chain };
  });
}

function headOf(standing: Standing, { signer } = cloud, hostId: HostId = cloud.id): SignedHead {
  return signHead({ hostId, ...standing, at: '2026-01-27T12:00:00.000Z' }, signer);
}

const take = (entries: readonly unknown[], head: SignedHead, from = START, copied: readonly IndexRow[] = []) =>
  takeChunk(
    {
      hostId: cloud.id,
      isGenuine: (one) => isSignedBy(one, cloud.key),
      parseAddress: parseIdentityAddress,
      clock: new VirtualClock(),
      rowOf: (key) => copied.find((row) => row.key === key),
    },
    from,
    { kind: 'chunk', entries, head, more: false },
  );

describe('a chunk', () => {
  const puts = { put: [rowOf('puck@x.com')], drop: [] };
  const two = [entryOf(1, { event: 'agent.created', rows: puts }), entryOf(2)];

  it('that is what was signed gives its entries, the rows and the new place', async () => {
    const end = standingAfter(START, two);
    expect(await take(two, headOf(end))).toEqual({
      ...{ kind: 'taken', entries: heardOf(two), head: headOf(end), rows: puts },
      agents: new Map([['id-puck', 'puck']]),
    });
  });

  it('without entries confirms the place', async () => {
    expect(await take([], headOf(START))).toMatchObject({ kind: 'taken', head: headOf(START), entries: [] });
  });

  it('gives each address once, as it is after all entries', async () => {
    const moved = [
      entryOf(1, { rows: { put: [rowOf('a@x.com'), rowOf('b@x.com')], drop: [] } }),
      entryOf(2, { rows: { put: [], drop: ['a@x.com' as AddressKey] } }),
    ];
    const end = { ...standingAfter(START, moved), digest: changedDigest(EMPTY_DIGEST, [], [rowOf('b@x.com')]) };
    expect(await take(moved, headOf(end))).toMatchObject({
      rows: { put: [rowOf('b@x.com')], drop: ['a@x.com'] },
    });
  });

  it('takes what the copy had out of the digest', async () => {
    const [old, now] = [rowOf('puck@x.com'), rowOf('puck@x.com', { displayName: 'Puck' })];
    const from = { ...START, digest: changedDigest(EMPTY_DIGEST, [], [old]) };
    const entries = [entryOf(1, { rows: { put: [now], drop: [] } })];
    const end = { ...standingAfter(from, entries), digest: changedDigest(EMPTY_DIGEST, [], [now]) };
    expect(await take(entries, headOf(end), from, [old])).toMatchObject({ kind: 'taken', rows: { put: [now] } });
  });

  it('knows an agent that is deleted to be gone', async () => {
    const gone = [entryOf(1, { event: 'agent.deleted' })];
    const taken = await take(gone, headOf(standingAfter(START, gone)));
    expect(taken).toMatchObject({ agents: new Map([['id-puck', undefined]]) });
  });

  it('passes an event on that is not known here, with members that are not', async () => {
    const odd = [{ ...entryOf(1, { event: 'agent.promoted' }), rank: 7 }];
    expect(await take(odd, headOf(standingAfter(START, odd)))).toMatchObject({ kind: 'taken', entries: heardOf(odd) });
  });
});

describe('a chunk is refused', () => {
  const one = [entryOf(1, { rows: { put: [rowOf('puck@x.com')], drop: [] } })];
  const end = standingAfter(START, one);
  const later = standingAfter(end, [entryOf(2)]);

  it.each([
    ['when its statement is signed by somebody else', one, headOf(end, mini), 'forged', 'did not sign'],
    ['when its statement is of another host', one, headOf(end, cloud, mini.id), 'broken', 'another log'],
    ['when its statement is of another log', one, headOf({ ...end, logId: 'f'.repeat(32) }), 'broken', 'another log'],
    ['when an entry is missing', [entryOf(2)], headOf(later), 'broken', 'entry 1 belongs'],
    ['when an entry was left out at the end', one, headOf(later), 'broken', 'a statement about entry 2'],
    ['when an entry was altered', [entryOf(1)], headOf(end), 'forked', 'signed another log up to entry 1'],
    [
      'when an entry speaks for another host',
      [entryOf(1, { agent: { ...entryOf(1).agent, hostId: mini.id } })],
      headOf(end),
      'broken',
      'entry 1 belongs',
    ],
    ['when it is no entry', [7], headOf(end), 'broken', 'sent something else where entry 1 belongs.'],
    [
      'when a member is not of its form',
      [entryOf(1, { id: 'a\r\nb' })],
      headOf(end),
      'broken',
      "entry 1 belongs: its 'id' is not what it must be.",
    ],
    ['when the digest is of other addresses', one, headOf({ ...end, digest: EMPTY_DIGEST }), 'drifted', 'has drifted'],
  ] as const)('%s', async (_, entries, head, reason, why) => {
    const refused = await take(entries, head);
    expect(refused).toMatchObject({ kind: 'refused', reason });
    expect('why' in refused && refused.why).toContain(why);
  });

  it('when the log goes back behind what was heard of it', async () => {
    expect(await take([], headOf(START), end)).toMatchObject({ kind: 'refused', reason: 'forked' });
  });

  it.each([
    ['an address under the key of another', { ...rowOf('puck@x.com'), key: 'titania@x.com' as AddressKey }],
    ['what is no address', { ...rowOf('puck@x.com'), address: 'puck' as IndexRow['address'] }],
    ['an address of another host', rowOf('puck@x.com', { hostId: mini.id })],
  ])('when it shows %s', async (_, row) => {
    const entries = [entryOf(1, { rows: { put: [row], drop: [] } })];
    expect(await take(entries, headOf(standingAfter(START, entries)))).toMatchObject({
      kind: 'refused',
      reason: 'broken',
    });
  });
});
