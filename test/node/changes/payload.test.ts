import { describe, expect, it } from 'vitest';
import { payloadOf } from '../../../node/changes/payload.ts';
import { MemoryChangeLog } from '../../support/memory-change-log.ts';

const entry = new MemoryChangeLog(() => Date.UTC(2026, 0, 27, 12)).append('ann');

describe('the payload of a delivery', () => {
  it("is the specification's JSON with id, type and sequence, and nothing of the log's own", () => {
    expect(new TextDecoder().decode(payloadOf(entry))).toBe(
      '{"event":"agent.email.changed","timestamp":"2026-01-27T12:00:00.000Z",' +
        '"agent":{"id":"ann","name":"name of ann","hostId":"mac"},' +
        '"changes":{"added":["ann-1@x.example"],"removed":[],"modified":[],"current":["ann-1@x.example"]},' +
        '"id":"msg_1","type":"agent.email.changed","sequence":1}',
    );
  });

  it('names the changed fields of an agent.updated', () => {
    const updated = { ...entry, event: 'agent.updated' as const, changes: { ...entry.changes, fields: ['label'] } };
    expect(JSON.parse(new TextDecoder().decode(payloadOf(updated))).changes.fields).toEqual(['label']);
  });

  it('tells of mail by what became of it, in the place of changes', () => {
    const { changes: _, ...rest } = entry;
    const email = {
      recipients: [{ code: 550, state: 'failed', address: 'b@x.example' }],
      state: 'failed',
      subject: 'Hello',
      from: 'ann@x.example',
      messageId: '<1@x.example>',
      email_id: 'e1',
    };
    expect(new TextDecoder().decode(payloadOf({ ...rest, event: 'email.failed', email }))).toBe(
      '{"event":"email.failed","timestamp":"2026-01-27T12:00:00.000Z",' +
        '"agent":{"id":"ann","name":"name of ann","hostId":"mac"},' +
        '"email":{"email_id":"e1","messageId":"<1@x.example>","from":"ann@x.example","subject":"Hello","state":"failed",' +
        '"recipients":[{"address":"b@x.example","state":"failed","code":550}]},' +
        '"id":"msg_1","type":"email.failed","sequence":1}',
    );
  });

  it('has the same bytes whatever the order in which its members were stored', () => {
    const { agent, changes } = entry;
    const stored = {
      sequence: entry.sequence,
      changes: { current: changes.current, modified: changes.modified, removed: changes.removed, added: changes.added },
      agent: { hostId: agent.hostId, name: agent.name, id: agent.id },
      timestamp: entry.timestamp,
      event: entry.event,
      id: entry.id,
      seq: entry.seq,
    };
    expect(payloadOf(JSON.parse(JSON.stringify(stored)))).toEqual(payloadOf(entry));
  });
});
