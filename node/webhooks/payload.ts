// The bytes a subscriber receives: the specification's webhook payload with `id`, `type` and `sequence` beside it. A function
// of the log's entry and of nothing else, member by member in a written order, so that every attempt, every restart and every
// reader of the log says the same bytes, and a signature over them stays right.
import type { ChangeEntry } from '../registry/change-log.ts';

/** What is told: an entry without its place in the log, or a test that has none. */
export type Told = Pick<ChangeEntry, 'id' | 'timestamp' | 'changes' | 'sequence'> & {
  readonly event: ChangeEntry['event'] | 'webhook.test';
  readonly agent: { readonly id: string; readonly name: string; readonly hostId: string };
};

const encoder = new TextEncoder();

/** UTF-8 JSON of specification "Webhook Payload", plus `id` (= `webhook-id`), `type` (= `event`) and `sequence`. */
export function payloadOf(told: Told): Uint8Array {
  const { added, removed, modified, current, fields } = told.changes;
  return encoder.encode(
    JSON.stringify({
      event: told.event,
      timestamp: told.timestamp,
      agent: { id: told.agent.id, name: told.agent.name, hostId: told.agent.hostId },
      changes: { added, removed, modified, current, ...(fields === undefined ? {} : { fields }) },
      id: told.id,
      type: told.event,
      sequence: told.sequence,
    }),
  );
}
