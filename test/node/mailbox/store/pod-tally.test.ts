// What happens to the domains of a pod, as it is counted of that pod.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Connection } from '../../../../node/mailbox/store/database.ts';
import { MetricReader } from '../../../../node/mailbox/store/metric-reader.ts';
import { MIGRATIONS } from '../../../../node/mailbox/store/migrations/all.ts';
import { prepareSchema } from '../../../../node/mailbox/store/schema.ts';

const FORM_BEFORE = 21;
const ADD_EVENT = `INSERT INTO event (event_id, event_type, inbox_id, agent_id, message_id, thread_id, at, has_text, size, payload, domain,
  domain_pod_id) VALUES (?, 'domain.verified', '', '', '', '', 5000, 0, 2, '{}', 'x.com', ?)`;

let directory: string;
let database: DatabaseSync;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-pod-tally-'));
  database = new DatabaseSync(join(directory, 'mailbox.db'));
  prepareSchema(database, MIGRATIONS.slice(0, FORM_BEFORE));
});

afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

const addPod = (podId: string) =>
  database.prepare('INSERT INTO pod (pod_id, name, created_at, updated_at) VALUES (?, ?, 1, 1)').run(podId, podId);
const happen = (eventId: string, podId: string | null) => database.prepare(ADD_EVENT).run(eventId, podId);
const counted = (podId?: string) => {
  const range = { start: 0, end: 10, period: 1, isDescending: false, limit: 10 };
  const asked = { ...range, scope: { podId }, types: ['domain.verified'] } as const;
  return new MetricReader(new Connection(database)).events(asked)['domain.verified'];
};

it('is known of what an earlier program has heard of it, and of what is heard from then on', () => {
  addPod('a');
  addPod('b');
  happen('1', 'a');
  happen('2', null);
  prepareSchema(database);
  expect([counted('a'), counted('b'), counted()]).toEqual([[{ at: 5, value: 1 }], [], [{ at: 5, value: 2 }]]);
  happen('3', 'a');
  happen('4', 'b');
  expect([counted('a'), counted('b')]).toEqual([[{ at: 5, value: 2 }], [{ at: 5, value: 1 }]]);
  expect(counted()).toEqual([{ at: 5, value: 4 }]);
});

it('goes with the pod, and is not that of a later one', () => {
  prepareSchema(database);
  addPod('a');
  happen('1', 'a');
  database.prepare("DELETE FROM pod WHERE pod_id = 'a'").run();
  addPod('b');
  expect([counted('b'), counted()]).toEqual([[], [{ at: 5, value: 1 }]]);
});
