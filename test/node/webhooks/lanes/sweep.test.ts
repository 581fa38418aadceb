// What time alone does to the lanes of a subscription.
import { describe, expect, it } from 'vitest';
import { EVENT_LIFE_MS } from '../../../../node/webhooks/lanes/event-life.ts';
import { type Lane, Lanes } from '../../../../node/webhooks/lanes/lanes.ts';
import { sweep } from '../../../../node/webhooks/lanes/sweep.ts';
import { NEW_ENDPOINT } from '../../../../node/webhooks/schedule/endpoint.ts';
import { RETRY_MS_MAX } from '../../../../node/webhooks/schedule/schedule.ts';
import type { Subscription } from '../../../../node/webhooks/webhook-records.ts';
import { MemoryChangeLog } from '../../../support/memory-change-log.ts';

const BORN_MS = Date.UTC(2026, 0, 27, 12);
const MINUTE_MS = 60_000;
const ENDED = { attempt: 1, atMs: BORN_MS, tookMs: 5 };

/** A lane of each agent, each of which was attempted once and waits until that moment. */
async function waiting(dueMs: Readonly<Record<string, number>>) {
  const changes = new MemoryChangeLog(() => BORN_MS);
  const agents = Object.keys(dueMs);
  for (const agent of agents) changes.append(agent, 'agent.email.changed');
  const lanes = new Lanes(
    0,
    () => true,
    () => undefined,
  );
  lanes.readOn(await changes.read(0, agents.length));
  const lane = (name: string) => lanes.of(name) as Lane;
  for (const [agent, at] of Object.entries(dueMs)) {
    lanes.occupy(lane(agent));
    lanes.begin(lane(agent), 0);
    lanes.retry(lane(agent), at, ENDED);
  }
  const swept = (nowMs: number, { resumedMs = 0, downMs = 0 } = {}) => {
    const endpoint = { ...NEW_ENDPOINT, downMs };
    const { expired, nextMs } = sweep(lanes, { subscription: { resumedMs } as Subscription, endpoint, nowMs });
    return { expired: expired.map(({ name }) => name), nextMs };
  };
  return { lanes, lane, swept };
}

describe('a lane that waits', () => {
  it('is ready when its time has come, and the next one is looked for then', async () => {
    const { lane, swept } = await waiting({ ann: BORN_MS + MINUTE_MS, bob: BORN_MS + 2 * MINUTE_MS });
    expect(swept(BORN_MS)).toEqual({ expired: [], nextMs: BORN_MS + MINUTE_MS });
    expect([lane('ann').state, lane('bob').state]).toEqual(['waiting', 'waiting']);
    expect(swept(BORN_MS + MINUTE_MS)).toEqual({ expired: [], nextMs: BORN_MS + 2 * MINUTE_MS });
    expect([lane('ann').state, lane('bob').state]).toEqual(['ready', 'waiting']);
  });

  it('is due no later than any delay can be: its time was made by a clock that has been set back', async () => {
    const { lane, swept } = await waiting({ ann: BORN_MS + 30 * EVENT_LIFE_MS });
    expect(swept(BORN_MS).nextMs).toBe(BORN_MS + RETRY_MS_MAX);
    expect(lane('ann').dueMs).toBe(BORN_MS + RETRY_MS_MAX);
  });

  it('is to be buried when the life of its event is over, by whoever called', async () => {
    const { lane, swept } = await waiting({ ann: BORN_MS + EVENT_LIFE_MS + MINUTE_MS });
    expect(swept(BORN_MS + EVENT_LIFE_MS - 1)).toEqual({ expired: [], nextMs: BORN_MS + EVENT_LIFE_MS });
    expect(swept(BORN_MS + EVENT_LIFE_MS)).toEqual({ expired: ['ann'], nextMs: Number.POSITIVE_INFINITY });
    expect(lane('ann').state).toBe('busy');
    expect(swept(BORN_MS + EVENT_LIFE_MS).expired).toEqual([]);
  });

  it('lives anew from when its subscription was enabled again', async () => {
    const { swept } = await waiting({ ann: BORN_MS + 2 * EVENT_LIFE_MS });
    const resumedMs = BORN_MS + MINUTE_MS;
    expect(swept(BORN_MS + EVENT_LIFE_MS, { resumedMs }).expired).toEqual([]);
    expect(swept(resumedMs + EVENT_LIFE_MS, { resumedMs }).expired).toEqual(['ann']);
  });
});
