// An entry of a list as somebody asks for it, and why it is not put in or taken out.
import { z } from 'zod';
import { MailboxError, noSuch, wrongField } from '../errors.ts';
import {
  type AddedListEntry,
  entryNameOf,
  LIST_ENTRIES_MAX,
  type ListEntry,
  type ListEntryMeant,
  type ListScope,
  type ListType,
  type RemovedListEntry,
} from '../list-entry.ts';
import { listPath } from './list-path.ts';

const ENTRY_CHARACTERS_MAX = 1_024;
const REASON_CHARACTERS_MAX = 500;

const READ_ONLY = 'This host has made the entry, for mail to that address came back for good or it complained.';

export const listForm = z.strictObject({
  entry: z.string().min(1).max(ENTRY_CHARACTERS_MAX),
  reason: z
    .string()
    .max(REASON_CHARACTERS_MAX)
    .regex(/^[^\p{Cc}]*$/u, 'must have no control characters')
    .optional(),
});

/** Throws `validation_error`. */
export function wishedEntry({ entry, reason }: z.output<typeof listForm>, listType: ListType) {
  const name = entryNameOf(entry);
  if ('fault' in name)
    throw wrongField('entry', `must be an address or a domain, like jane@example.com or example.com: ${name.fault}`);
  if (reason !== undefined && listType === 'allow') throw wrongField('reason', 'is for lists that block alone');
  return { ...name, reason };
}

/** Throws `not_found`, `limit_exceeded`. */
export function settledEntry(added: AddedListEntry, { kind }: ListScope): ListEntry {
  if (added.outcome === 'gone') throw noSuch(kind);
  if (added.outcome !== 'full') return added.entry;
  const message = `The lists of one ${kind} have at most ${LIST_ENTRIES_MAX} entries.`;
  throw new MailboxError('limit_exceeded', message, { fix: 'Delete some, or name a domain in their place.' });
}

/** Throws `not_found`, `cannot_delete`. */
export function refuseKeptEntry(outcome: RemovedListEntry, meant: ListEntryMeant): void {
  if (outcome === 'gone') throw noSuch('entry');
  if (outcome === 'removed') return;
  const path = listPath(meant).replace('/v0', '/api/mailbox');
  const fix = `An operator can take it away: DELETE ${path}/${encodeURIComponent(meant.key)}.`;
  throw new MailboxError('cannot_delete', READ_ONLY, { fix });
}
