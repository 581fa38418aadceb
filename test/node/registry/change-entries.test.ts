import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../mesh/feed/canonical-json.ts';
import { feedEntryOf } from '../../../node/changes/change-log.ts';
import type { Agent } from '../../../node/registry/agent.ts';
import { changesBetween } from '../../../node/registry/change-entries.ts';
import { rowsOf } from '../../../node/registry/index-rows.ts';
import { anAddress, anAgent } from '../../support/agent-builder.ts';

const events = (before: Agent | undefined, after: Agent | undefined) =>
  changesBetween(before, after).map((draft) => draft.event);
const changes = (before: Agent | undefined, after: Agent | undefined) =>
  changesBetween(before, after).map((draft) => draft.changes);

const none = { added: [], removed: [], modified: [], current: [] };

describe('the events of a mutation', () => {
  it('are agent.created, then agent.email.changed, when an agent is made with addresses', () => {
    const agent = anAgent(['a@x.com', 'b@x.com']);
    const told = {
      agent: { id: 'a1', name: 'titania', hostId: 'mac' },
      changes: { ...none, added: ['a@x.com', 'b@x.com'], current: ['a@x.com', 'b@x.com'] },
    };
    expect(changesBetween(undefined, agent)).toEqual([
      { event: 'agent.created', ...told, rows: { put: rowsOf(agent), drop: [] }, replaced: [] },
      { event: 'agent.email.changed', ...told },
    ]);
  });

  it('are agent.created alone without addresses, or while email is disabled', () => {
    expect(events(undefined, anAgent())).toEqual(['agent.created']);
    expect(changes(undefined, anAgent(['a@x.com'], { emailEnabled: false }))).toEqual([none]);
  });

  it('are agent.email.changed, then agent.updated, when an address comes or goes', () => {
    const one = anAgent(['a@x.com']);
    const two = anAgent(['a@x.com', 'b@x.com']);
    const added = { ...none, added: ['b@x.com'], current: ['a@x.com', 'b@x.com'] };
    const removed = { ...none, removed: ['b@x.com'], current: ['a@x.com'] };
    expect(events(one, two)).toEqual(['agent.email.changed', 'agent.updated']);
    expect(changes(one, two)).toEqual([added, { ...added, fields: ['tools.email'] }]);
    expect(changes(two, one)).toEqual([removed, { ...removed, fields: ['tools.email'] }]);
  });

  it.each([
    ['displayName', { displayName: 'Titania' }],
    ['metadata', { metadata: { tenant: 'x' } }],
    ['primary', { primary: false }],
  ])('name an address as modified when its %s changed', (_, members) => {
    const before = anAgent(['a@x.com']);
    const after = { ...before, addresses: [anAddress('a@x.com', { primary: true, ...members })] };
    expect(changes(before, after)[0]).toEqual({ ...none, modified: ['a@x.com'], current: ['a@x.com'] });
  });

  it('are none when nothing changed, whatever the order of the metadata', () => {
    const before = { ...anAgent(), addresses: [anAddress('a@x.com', { metadata: { a: '1', b: '2' } })] };
    const after = { ...anAgent(), addresses: [anAddress('a@x.com', { metadata: { b: '2', a: '1' } })] };
    expect(changesBetween(before, after)).toEqual([]);
  });

  it.each([
    ['label', { label: 'Titania' }],
    ['name', { name: 'oberon' }],
  ])('are agent.updated alone when the %s changed', (field, members) => {
    const before = anAgent(['a@x.com']);
    const expected = { ...none, current: ['a@x.com'], fields: [field] };
    expect(events(before, { ...before, ...members })).toEqual(['agent.updated']);
    expect(changes(before, { ...before, ...members })).toEqual([expected]);
  });

  it('take every address out of the index when email is disabled, and put it back when it is enabled', () => {
    const shown = anAgent(['a@x.com']);
    const hidden = { ...shown, emailEnabled: false };
    expect(changes(shown, hidden)[0]).toEqual({ ...none, removed: ['a@x.com'] });
    expect(changes(hidden, shown)[0]).toEqual({ ...none, added: ['a@x.com'], current: ['a@x.com'] });
  });

  it('are agent.updated alone when what changed is not in the index', () => {
    const hidden = anAgent(['a@x.com'], { emailEnabled: false });
    const more = anAgent(['a@x.com', 'b@x.com'], { emailEnabled: false });
    expect(changes(hidden, more)).toEqual([{ ...none, fields: ['tools.email'] }]);
    const reordered = { ...anAgent(), addresses: [anAddress('b@x.com'), anAddress('a@x.com')] };
    const ordered = { ...anAgent(), addresses: [anAddress('a@x.com'), anAddress('b@x.com')] };
    expect(events(ordered, reordered)).toEqual(['agent.updated']);
  });

  it('are agent.email.changed with all removed, then agent.deleted, when the agent goes', () => {
    const agent = anAgent(['a@x.com', 'b@x.com']);
    const removed = { ...none, removed: ['a@x.com', 'b@x.com'] };
    expect(events(agent, undefined)).toEqual(['agent.email.changed', 'agent.deleted']);
    expect(changes(agent, undefined)).toEqual([removed, removed]);
    expect(events(anAgent(), undefined)).toEqual(['agent.deleted']);
    expect(events({ ...agent, emailEnabled: false }, undefined)).toEqual(['agent.deleted']);
  });
});

describe('the rows of a mutation', () => {
  const row = (address: string, members = {}) => ({
    ...{ address, key: address, agentId: 'a1', agentName: 'titania', hostId: 'mac', primary: false },
    ...members,
  });
  const first = row('a@x.com', { primary: true });
  const second = row('b@x.com');
  const both = anAgent(['a@x.com', 'b@x.com']);

  /** Of the whole mutation: they stand on its first event, and nowhere else. */
  const rowsOfMutation = (before: Agent | undefined, after: Agent | undefined) => {
    const [head, ...others] = changesBetween(before, after);
    for (const other of others) expect(other).not.toHaveProperty('rows');
    return head?.rows;
  };

  it.each<[what: string, before: Agent | undefined, after: Agent | undefined, rows: unknown]>([
    ['a new agent', undefined, both, { put: [first, second], drop: [] }],
    ['an address that comes', anAgent(['a@x.com']), both, { put: [second], drop: [] }],
    ['an address that goes', both, anAgent(['a@x.com']), { put: [], drop: ['b@x.com'] }],
    ['an agent that goes', both, undefined, { put: [], drop: ['a@x.com', 'b@x.com'] }],
    ['email that is disabled', both, { ...both, emailEnabled: false }, { put: [], drop: ['a@x.com', 'b@x.com'] }],
    ['email that is enabled', { ...both, emailEnabled: false }, both, { put: [first, second], drop: [] }],
    [
      'a new name of the agent',
      both,
      { ...both, name: 'oberon' },
      { put: [first, second].map((one) => ({ ...one, agentName: 'oberon' })), drop: [] },
    ],
    [
      'another primary',
      both,
      { ...both, addresses: both.addresses.map((one) => ({ ...one, primary: !one.primary })) },
      { put: [row('a@x.com'), row('b@x.com', { primary: true })], drop: [] },
    ],
    [
      'details of an address',
      anAgent(['a@x.com']),
      { ...both, addresses: [anAddress('a@x.com', { primary: true, displayName: 'T', metadata: { tenant: 'x' } })] },
      { put: [{ ...first, displayName: 'T', metadata: { tenant: 'x' } }], drop: [] },
    ],
    [
      'an address in place of another',
      anAgent(['a@x.com']),
      anAgent(['c@x.com']),
      {
        put: [row('c@x.com', { primary: true })],
        drop: ['a@x.com'],
      },
    ],
  ])('are those that the index shows differently after it: %s', (_, before, after, rows) => {
    expect(rowsOfMutation(before, after)).toEqual(rows);
  });

  it.each<[what: string, before: Agent, after: Agent]>([
    ['a label', both, { ...both, label: 'T' }],
    ['the order of addresses', both, { ...both, addresses: both.addresses.toReversed() }],
    ['an address that is not shown', anAgent([], { emailEnabled: false }), { ...both, emailEnabled: false }],
  ])('are none when the index shows the same: %s', (_, before, after) => {
    expect(changesBetween(before, after).map(({ event }) => event)).toEqual(['agent.updated']);
    expect(rowsOfMutation(before, after)).toBeUndefined();
  });

  it('are of the address that is another, beside one that is the same', () => {
    const [kept] = both.addresses;
    const changed = { ...both, addresses: kept ? [kept, anAddress('b@x.com', { displayName: 'T' })] : [] };
    const [told] = changesBetween(both, changed);
    expect(told?.changes).toEqual({ ...none, modified: ['b@x.com'], current: ['a@x.com', 'b@x.com'] });
    expect(told?.rows).toEqual({ put: [{ ...second, displayName: 'T' }], drop: [] });
    expect(told?.replaced).toEqual([second]);
  });

  it('come with those that stood there before', () => {
    const changed = { ...both, addresses: [anAddress('b@x.com', { primary: true }), anAddress('c@x.com')] };
    expect(changesBetween(both, changed)[0]?.replaced).toEqual([second, first]);
  });
});

it('makes what is told with its members in the order of canonical JSON, which is then written in one go', () => {
  const before = anAgent(['a@x.com', 'b@x.com']);
  const details = { primary: true, displayName: 'T', metadata: { tenant: 'x' } };
  const after = { ...before, name: 'oberon', addresses: [anAddress('a@x.com', details), anAddress('c@x.com')] };
  const drafts = [...changesBetween(undefined, before), ...changesBetween(before, after)];
  expect(drafts).toHaveLength(4);
  for (const [at, { replaced: _, ...draft }] of drafts.entries()) {
    const place = { logId: '0123', n: at + 1 };
    const entry = feedEntryOf({ id: `e${at}`, timestamp: '2026-01-27T12:00:00.000Z', sequence: at, ...draft, place });
    expect(JSON.stringify(entry)).toBe(canonicalJson(entry));
  }
});
