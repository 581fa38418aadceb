// What a host takes for a snapshot of another one, and what it does not: pages are scripts here.
import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { isSignedBy, type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import type { SnapshotAnswer, SnapshotQuestion } from '../../../mesh/feed/messages.ts';
import type { AgentId } from '../../../mesh/names.ts';
import { readSnapshot } from '../../../node/feed/snapshot-reader.ts';
import { aRow } from '../../support/log-entries.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { cloud, pi } = testKeys('cloud', 'pi');
const LOG = 'c'.repeat(32);

/** An agent of `cloud` with so many addresses. */
function agentOf(id: string, addresses = 1) {
  const whose = { hostId: cloud.id, agentId: id as AgentId, agentName: id };
  const rows = Array.from({ length: addresses }, (_, at) => aRow(`${id}-${at}@x.com`, whose));
  return { id: id as AgentId, name: id, sequence: 1, rows };
}

function headOf(agents: readonly ReturnType<typeof agentOf>[], members: Partial<SignedHead> = {}, { signer } = cloud) {
  const digest = agents.reduce((sum, { rows }) => changedDigest(sum, [], rows), EMPTY_DIGEST);
  const at = '2026-01-27T12:00:00.000Z';
  return signHead({ hostId: cloud.id, logId: LOG, n: 3, chain: firstChain(LOG), digest, at, ...members }, signer);
}

async function read(pages: readonly SnapshotAnswer[], bounds?: { agentsMax: number; rowsMax: number }) {
  const asked: SnapshotQuestion[] = [];
  const page = async (question: SnapshotQuestion) => {
    asked.push(question);
    const answer = pages[asked.length - 1];
    if (answer === undefined) throw new Error('It is asked for more than there is.');
    return answer;
  };
  const taken = await readSnapshot(
    {
      ...{ hostId: cloud.id, questions: { page }, parseAddress: parsePlainAddress, clock: new VirtualClock() },
      isGenuine: (head) => isSignedBy(head, cloud.key),
      ...(bounds === undefined ? {} : { bounds }),
    },
    new AbortController().signal,
  );
  return { taken, asked };
}

const pageOf = (agents: readonly unknown[], head: SignedHead, more = false): SnapshotAnswer => ({
  kind: 'page',
  snapshot: 's',
  ...{ agents, head, more },
});

describe('a snapshot that is read', () => {
  const [one, other] = [agentOf('one'), agentOf('other', 2)];

  it('is all agents of all its pages, of which each is asked for by the name of the first', async () => {
    const head = headOf([one, other]);
    const { taken, asked } = await read([pageOf([one], head, true), pageOf([other], head)]);
    expect(taken).toEqual({ kind: 'snapshot', agents: [one, other], head });
    expect(asked.map(({ snapshot, from }) => [snapshot, from])).toEqual([
      [undefined, 0],
      ['s', 1],
    ]);
  });

  it('is gone when the host has dropped it meanwhile', async () => {
    const { taken } = await read([pageOf([one], headOf([one, other]), true), { kind: 'gone' }]);
    expect(taken).toEqual({ kind: 'gone' });
  });

  it.each([
    ['another host signed', headOf([one], {}, pi), 'did not sign its snapshot'],
    ['says that it is of another host', headOf([one], { hostId: pi.id }), 'did not sign its snapshot'],
    ['was signed of other addresses', headOf([other]), 'is not what it signed'],
  ])('is refused when %s it', async (_, head, why) => {
    const { taken } = await read([pageOf([one], head)]);
    expect(taken).toMatchObject({ kind: 'refused', reason: 'broken', why: expect.stringContaining(why) });
  });

  it('is refused when it speaks for another host', async () => {
    const stolen = { ...one, rows: one.rows.map((row) => ({ ...row, hostId: pi.id })) };
    const { taken } = await read([pageOf([stolen], headOf([stolen]))]);
    expect(taken).toMatchObject({ kind: 'refused', why: "Host 'cloud' speaks for host 'pi'." });
  });

  it.each([
    ['agents', { agentsMax: 1, rowsMax: 9 }],
    ['addresses', { agentsMax: 9, rowsMax: 2 }],
  ])('is refused before its end when it has more %s than a host may have', async (_, bounds) => {
    const head = headOf([one, other]);
    const more = [pageOf([one], head, true), pageOf([other], head, true)];
    expect((await read(more, bounds)).taken).toMatchObject({
      kind: 'refused',
      why: "Host 'cloud' has more agents or addresses than a host may have.",
    });
    const enough = { agentsMax: 2, rowsMax: 3 };
    expect((await read([pageOf([one], head, true), pageOf([other], head)], enough)).taken.kind).toBe('snapshot');
  });
});
