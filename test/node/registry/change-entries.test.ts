import { describe, expect, it } from 'vitest';
import type { Agent } from '../../../node/registry/agent.ts';
import { changesBetween } from '../../../node/registry/change-entries.ts';
import { anAddress, anAgent } from '../../support/agent-builder.ts';

const events = (before: Agent | undefined, after: Agent | undefined) =>
  changesBetween(before, after).map((draft) => draft.event);
const changes = (before: Agent | undefined, after: Agent | undefined) =>
  changesBetween(before, after).map((draft) => draft.changes);

const none = { added: [], removed: [], modified: [], current: [] };

describe('the events of a mutation', () => {
  it('are agent.created, then agent.email.changed, when an agent is made with addresses', () => {
    const agent = anAgent(['a@x.com', 'b@x.com']);
    expect(changesBetween(undefined, agent)).toEqual(
      ['agent.created', 'agent.email.changed'].map((event) => ({
        event,
        agent: { id: 'a1', name: 'titania', hostId: 'mac' },
        changes: { ...none, added: ['a@x.com', 'b@x.com'], current: ['a@x.com', 'b@x.com'] },
      })),
    );
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
