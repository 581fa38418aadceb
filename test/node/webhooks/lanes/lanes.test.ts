// The lanes of one subscription, without a log, a disk or a receiver.
import { describe, expect, it } from 'vitest';
import {
  LANE_BEHIND_MAX,
  LANES_MAX,
  type Lane,
  Lanes,
  READY_LANES_MAX,
} from '../../../../node/webhooks/lanes/lanes.ts';
import { MemoryChangeLog } from '../../../support/memory-change-log.ts';

const BORN_MS = Date.UTC(2026, 0, 27, 12);
const STORED = {
  subscriptionId: 'w',
  agentId: 'ann',
  seq: 1,
  isFound: true,
  bornMs: 7,
  attempts: 1,
  dueMs: 9,
  history: [],
};

/** Lanes from the cursor on, and the names of the lanes whose records changed. */
function lanesAt(cursor = 0) {
  const touched: string[] = [];
  const lanes = new Lanes(
    cursor,
    ({ event }) => event === 'agent.email.changed',
    ({ agentId }) => touched.push(agentId),
  );
  return { lanes, touched };
}

/** Entries 1, 2, 3, … of these agents; a name with `-` before it is of an event that is not wanted. */
async function entries(...agents: readonly string[]) {
  const changes = new MemoryChangeLog(() => BORN_MS);
  for (const agent of agents)
    changes.append(agent.replace(/^-/, ''), agent.startsWith('-') ? 'agent.updated' : 'agent.email.changed');
  return changes.read(0, agents.length);
}

function laneOf(lanes: Lanes, agentId: string): Lane {
  const lane = [...lanes.all()].find((one) => one.agentId === agentId);
  if (lane === undefined) throw new Error(`There is no lane of '${agentId}'.`);
  return lane;
}

const seqsBehind = (lane: Lane) => lane.behind.map(({ seq }) => seq);

describe('reading on', () => {
  it('opens a lane for the first event of each agent, ready, and remembers the next ones behind it', async () => {
    const { lanes, touched } = lanesAt();
    lanes.readOn(await entries('ann', '-bob', 'bob', 'ann', 'ann'));
    expect([lanes.cursor, lanes.oldestSeq, touched]).toEqual([5, 1, ['ann', 'bob']]);
    expect(laneOf(lanes, 'ann')).toMatchObject({ seq: 1, bornMs: BORN_MS, attempts: 0, dueMs: 0, state: 'ready' });
    expect(seqsBehind(laneOf(lanes, 'ann'))).toEqual([4, 5]);
    expect(laneOf(lanes, 'bob').seq).toBe(3);
  });

  it('passes over what the cursor has passed', async () => {
    const { lanes } = lanesAt(2);
    lanes.readOn(await entries('ann', 'ann', 'ann'));
    expect(laneOf(lanes, 'ann')).toMatchObject({ seq: 3, behind: [] });
    lanes.readOn(await entries('ann', 'ann', 'ann'));
    expect([lanes.cursor, laneOf(lanes, 'ann').behind]).toEqual([3, []]);
  });

  it('stops when as many lanes are ready as are ever kept so', async () => {
    const { lanes } = lanesAt();
    const names = Array.from({ length: READY_LANES_MAX + 3 }, (_, at) => `a${at}`);
    lanes.readOn(await entries(...names));
    expect([lanes.cursor, lanes.size, lanes.hasRoom]).toEqual([READY_LANES_MAX, READY_LANES_MAX, false]);
    lanes.occupy(laneOf(lanes, 'a0'));
    expect(lanes.hasRoom).toBe(true);
  });

  it('stops when as many lanes are open as there may be, though none of them is ready', () => {
    const { lanes } = lanesAt(LANES_MAX);
    for (let at = 1; at < LANES_MAX; at += 1) lanes.restore({ ...STORED, agentId: `a${at}`, seq: at });
    expect(lanes.hasRoom).toBe(true);
    lanes.restore(STORED);
    expect(lanes.hasRoom).toBe(false);
  });

  it('remembers a bounded number behind a lane, and where it stopped to', async () => {
    const { lanes } = lanesAt();
    lanes.readOn(await entries(...Array.from({ length: LANE_BEHIND_MAX + 3 }, () => 'ann')));
    const lane = laneOf(lanes, 'ann');
    expect([lane.behind.length, lane.knownTo, lanes.cursor]).toEqual([
      LANE_BEHIND_MAX,
      LANE_BEHIND_MAX + 1,
      LANE_BEHIND_MAX + 3,
    ]);
  });
});

describe('a lane', () => {
  it('that was stored comes back waiting if it was attempted, ready if not, seeking if its event was not found', () => {
    const { lanes } = lanesAt(9);
    lanes.restore(STORED);
    lanes.restore({ ...STORED, agentId: 'bob', attempts: 0, dueMs: 0 });
    lanes.restore({ ...STORED, agentId: 'cid', seq: 5, isFound: false, attempts: 0 });
    expect([...lanes.all()].map(({ agentId, state, knownTo }) => [agentId, state, knownTo])).toEqual([
      ['ann', 'waiting', 1],
      ['bob', 'ready', 1],
      ['cid', 'seeking', 4],
    ]);
    expect(lanes.nextReady()?.agentId).toBe('bob');
  });

  it('is attempted by nobody else while it is occupied, and the ready ones take turns', async () => {
    const { lanes } = lanesAt();
    lanes.readOn(await entries('ann', 'bob'));
    const [ann, bob] = [laneOf(lanes, 'ann'), laneOf(lanes, 'bob')];
    lanes.occupy(ann);
    expect([ann.state, lanes.nextReady()]).toEqual(['busy', bob]);
    lanes.giveBack(ann);
    expect([ann.state, lanes.nextReady()]).toEqual(['ready', bob]);
  });

  it('counts an attempt as it begins, and keeps what came of it until its first event is settled', async () => {
    const { lanes, touched } = lanesAt();
    lanes.readOn(await entries('ann', 'ann'));
    const lane = laneOf(lanes, 'ann');
    lanes.occupy(lane);
    lanes.begin(lane, 100);
    expect(lane).toMatchObject({ attempts: 1, dueMs: 100, state: 'busy', history: [] });
    const ended = { attempt: 1, atMs: 90, tookMs: 10, status: 500 };
    lanes.retry(lane, 200, ended);
    expect(lane).toMatchObject({ attempts: 1, dueMs: 200, state: 'waiting', history: [ended] });
    expect([lanes.nextReady(), touched]).toEqual([undefined, ['ann', 'ann', 'ann']]);
    lanes.settle(lane);
    expect(lane).toMatchObject({
      seq: 2,
      bornMs: BORN_MS,
      attempts: 0,
      dueMs: 0,
      history: [],
      state: 'ready',
      behind: [],
    });
    expect([lanes.oldestSeq, touched.length]).toEqual([2, 4]);
  });

  it('ends when its last event is settled, and its record is to be removed', async () => {
    const { lanes, touched } = lanesAt();
    lanes.readOn(await entries('ann'));
    const lane = laneOf(lanes, 'ann');
    lanes.settle(lane);
    expect([lanes.has(lane), lanes.size, lanes.nextReady(), lanes.oldestSeq, touched]).toEqual([
      ...[false, 0, undefined, 2],
      ['ann', 'ann'],
    ]);
  });

  it('is due at once when it is hastened, and never later than its bound', () => {
    const { lanes, touched } = lanesAt(9);
    lanes.restore({ ...STORED, dueMs: 1_000 });
    const lane = laneOf(lanes, 'ann');
    lanes.boundDue(lane, 2_000);
    expect(lane.dueMs).toBe(1_000);
    lanes.boundDue(lane, 500);
    expect(lane.dueMs).toBe(500);
    lanes.hasten(lane);
    expect([lane.dueMs, lane.state, lanes.nextReady(), touched]).toEqual([0, 'ready', lane, ['ann']]);
  });
});

describe('a recall', () => {
  it('finds the events behind a restored lane, up to the cursor', async () => {
    const { lanes } = lanesAt(4);
    lanes.restore(STORED);
    const lane = laneOf(lanes, 'ann');
    const sought = new Set([lane]);
    lanes.recall(await entries('ann', '-ann', 'bob', 'ann', 'ann'), sought);
    lanes.recalled(sought);
    expect([seqsBehind(lane), lane.knownTo]).toEqual([[4], Number.POSITIVE_INFINITY]);
  });

  it('leaves what does not fit to be sought later, and goes on from there', async () => {
    const { lanes } = lanesAt(LANE_BEHIND_MAX + 3);
    lanes.restore(STORED);
    const lane = laneOf(lanes, 'ann');
    const log = await entries(...Array.from({ length: LANE_BEHIND_MAX + 3 }, () => 'ann'));
    const sought = new Set([lane]);
    lanes.recall(log, sought);
    expect([sought.size, lane.behind.length, lane.knownTo]).toEqual([0, LANE_BEHIND_MAX, LANE_BEHIND_MAX + 1]);
    for (let at = 0; at <= LANE_BEHIND_MAX; at += 1) lanes.settle(lane);
    expect(lane).toMatchObject({ state: 'seeking', seq: LANE_BEHIND_MAX + 2 });
    const again = new Set([lane]);
    lanes.recall(log.slice(LANE_BEHIND_MAX + 1), again);
    lanes.recalled(again);
    lanes.resume(lane);
    expect([lane.state, lane.seq, seqsBehind(lane)]).toEqual(['ready', LANE_BEHIND_MAX + 2, [LANE_BEHIND_MAX + 3]]);
  });

  it('ends a lane behind which nothing is left, and touches none that is not seeking', async () => {
    const { lanes } = lanesAt(3);
    lanes.restore({ ...STORED, seq: 2, isFound: false });
    lanes.restore({ ...STORED, agentId: 'bob' });
    const [ann, bob] = [laneOf(lanes, 'ann'), laneOf(lanes, 'bob')];
    lanes.recalled(new Set([ann, bob]));
    for (const lane of [ann, bob]) lanes.resume(lane);
    expect([lanes.has(ann), lanes.has(bob), bob.state, bob.attempts]).toEqual([false, true, 'waiting', 1]);
  });
});
