// What lies within a scope, as SQL: of the table of inboxes, or of one whose column `inbox` names a row of it.
import type { Scope } from '../scope.ts';
import type { Condition } from './mail-filter.ts';

/** Conditions of rows of `inbox`. */
export function inboxesWithin({ podId, inboxId }: Scope): readonly Condition[] {
  return [
    ...(inboxId === undefined ? [] : [{ sql: 'inbox.inbox_id = ?', values: [inboxId] }]),
    ...(podId === undefined ? [] : [{ sql: 'inbox.pod = (SELECT row FROM pod WHERE pod_id = ?)', values: [podId] }]),
  ];
}
