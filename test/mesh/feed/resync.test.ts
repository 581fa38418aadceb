import { describe, expect, it } from 'vitest';
import { type Occasion, resyncEntries } from '../../../mesh/feed/resync.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { addressOf } from '../../support/agent-of.ts';

const OCCASION: Occasion = {
  why: 'snapshot',
  hostId: 'cloud' as HostId,
  logId: 'a'.repeat(32),
  n: 7,
  at: '2026-01-27T12:00:00.000Z',
};
const PUCK = 'id-puck' as AgentId;

function rowOf(address: string, fields: Partial<IndexRow> = {}): IndexRow {
  const { address: text, key } = addressOf(address);
  return { address: text, key, agentId: PUCK, agentName: 'puck', hostId: OCCASION.hostId, primary: false, ...fields };
}
const agent = (name: string, ...rows: readonly IndexRow[]) => ({ id: PUCK, name, rows, sequence: 12 });
const told = (...[before, after]: [ReturnType<typeof agent> | undefined, ReturnType<typeof agent> | undefined]) =>
  resyncEntries(OCCASION, before, after).map(({ event, changes }) => {
    const { added, removed, modified, current, fields = [] } = changes;
    return `${event} +${added} -${removed} ~${modified} =${current} ${fields}`.trim();
  });

describe('what a snapshot changes', () => {
  const [a, b] = [rowOf('a@x.com'), rowOf('b@x.com')];

  it.each([
    [
      'an agent that is new',
      undefined,
      agent('puck', a),
      ['agent.created +a@x.com - ~ =a@x.com', 'agent.email.changed +a@x.com - ~ =a@x.com'],
    ],
    ['one without addresses', undefined, agent('puck'), ['agent.created + - ~ =']],
    [
      'an agent that is gone',
      agent('puck', a),
      undefined,
      ['agent.email.changed + -a@x.com ~ =', 'agent.deleted + -a@x.com ~ ='],
    ],
    [
      'addresses that came and went',
      agent('puck', a),
      agent('puck', b),
      ['agent.email.changed +b@x.com -a@x.com ~ =b@x.com', 'agent.updated +b@x.com -a@x.com ~ =b@x.com tools.email'],
    ],
    [
      'another display name',
      agent('puck', a),
      agent('puck', { ...a, displayName: 'A' }),
      ['agent.email.changed + - ~a@x.com =a@x.com', 'agent.updated + - ~a@x.com =a@x.com tools.email'],
    ],
    [
      'another metadata',
      agent('puck', { ...a, metadata: { k: 'v' } }),
      agent('puck', { ...a, metadata: { k: 'w' } }),
      ['agent.email.changed + - ~a@x.com =a@x.com', 'agent.updated + - ~a@x.com =a@x.com tools.email'],
    ],
    ['another name, without addresses', agent('puck'), agent('robin'), ['agent.updated + - ~ = name']],
    [
      'nothing',
      agent('puck', { ...a, metadata: { k: 'v', l: 'w' } }),
      agent('puck', { ...a, metadata: { l: 'w', k: 'v' } }),
      [],
    ],
  ] as const)('is told of %s', (_, before, after, events) => {
    expect(told(before, after)).toEqual(events);
  });

  it('has ids that every node makes alike, of the place, its chain, the agent and the event', () => {
    const ids = (occasion: Occasion, after = agent('puck', a)) =>
      resyncEntries(occasion, undefined, after).map(({ id }) => id);
    const own = ids(OCCASION);
    expect(own).toEqual(ids({ ...OCCASION, at: '2026-01-28T00:00:00.000Z' }));
    expect(
      new Set([
        ...own,
        ...ids({ ...OCCASION, n: 8 }),
        ...ids({ ...OCCASION, chain: 'of the same place in a log that was set back' }),
        ...ids({ ...OCCASION, logId: 'b'.repeat(32) }),
        ...ids({ ...OCCASION, why: 'gone' }),
      ]).size,
    ).toBe(10);
    for (const id of own) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it("carries the agent's own sequence, name and host", () => {
    expect(resyncEntries(OCCASION, undefined, agent('puck'))).toMatchObject([
      { sequence: 12, agent: { id: PUCK, name: 'puck', hostId: 'cloud' }, timestamp: OCCASION.at },
    ]);
  });
});
