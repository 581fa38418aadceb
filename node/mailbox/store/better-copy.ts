// The same mail again, now as somebody's who is answered for. Whoever got a copy too could have sent it ahead, without that proof, and would keep
// it from being read: so the better copy releases the one that lies in quarantine. What a person has put there stays. Runs within a transaction.
import type { Delivery } from '../message.ts';
import type { Connection } from './database.ts';
import { hides, type LabelledMail, type LabelRows } from './label-rows.ts';
import type { MessageHead } from './message-row.ts';
import { refreshThread } from './thread-rows.ts';

/** Labels that another verdict would not have brought about. */
const BY_VERDICT: ReadonlySet<string> = new Set(['unauthenticated', 'blocked']);

export interface BetterCopyParts {
  readonly connection: Connection;
  readonly labels: LabelRows;
  /** Called with the row of a mail that lies in quarantine no longer. */
  readonly release: (message: number, atMs: number) => void;
}

/** `copy`: one that would not lie in quarantine. */
export function releaseByCopy(
  { connection, labels, release }: BetterCopyParts,
  mail: LabelledMail,
  { copy, atMs }: { readonly copy: Pick<Delivery, 'trace' | 'authentication'>; readonly atMs: number },
): void {
  const before = labels.of(mail.row);
  const after = before.difference(BY_VERDICT);
  const put =
    "SELECT 1 FROM label_event WHERE message = ? AND label IN ('unauthenticated', 'blocked') AND is_added = 1";
  if (!hides(before) || hides(after) || connection.get(put, mail.row) !== undefined) return;
  proveBy(connection, mail, copy);
  labels.put(mail, before, after, atMs);
  refreshThread(connection, mail.thread, atMs);
  release(mail.row, atMs);
}

/** What is shown of the proof is that of the copy. */
function proveBy(
  connection: Connection,
  { row, inbox }: LabelledMail,
  copy: Pick<Delivery, 'trace' | 'authentication'>,
) {
  const known = connection.get<{ head: string; trace: string }>('SELECT head, trace FROM message WHERE row = ?', row);
  if (known === undefined) throw new Error(`The mail in row ${row} is gone within its own transaction.`);
  const head: MessageHead = { ...(JSON.parse(known.head) as MessageHead), authentication: copy.authentication };
  const longer = Buffer.byteLength(copy.trace) - Buffer.byteLength(known.trace);
  const sql = 'UPDATE message SET head = ?, trace = ?, size = size + ? WHERE row = ?';
  connection.run(sql, JSON.stringify(head), copy.trace, longer, row);
  connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', longer, inbox);
}
