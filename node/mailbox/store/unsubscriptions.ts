// Who asked an inbox for no more mail. A token that was used once changes nothing again, so that whoever has an old mail can't undo what the
// inbox has agreed upon since. All of it runs within a transaction.
import { entryNameOf } from '../list-entry.ts';
import { isUnsubscribeToken, type Unsubscriber } from '../unsubscribe.ts';
import type { Connection } from './database.ts';
import type { ListRows } from './list-rows.ts';

export interface UnsubscriptionsParts {
  readonly connection: Connection;
  readonly lists: Pick<ListRows, 'block' | 'keptOut'>;
  /** Key of the organization. */
  readonly key: Uint8Array;
}

export class Unsubscriptions {
  readonly #parts: UnsubscriptionsParts;

  constructor(parts: UnsubscriptionsParts) {
    this.#parts = parts;
  }

  /** Whether the token is theirs; then the inbox writes to that address no more, from its first use on. */
  take(token: string, who: Unsubscriber, atMs: number): boolean {
    const { connection, lists, key } = this.#parts;
    const name = entryNameOf(who.address);
    if ('fault' in name || !isUnsubscribeToken(token, who, key)) return false;
    const insert = `INSERT OR IGNORE INTO unsubscription (inbox, token, at)
      SELECT row, ?, ? FROM inbox WHERE inbox_id = ? AND state = 'active'`;
    const isFirst = connection.run(insert, token, atMs, who.inboxId).changes > 0;
    if (isFirst) lists.block(who.inboxId, name, { reason: 'unsubscribed', isReadOnly: false, atMs });
    return true;
  }

  /** Whether mail of the inbox may still go to them, as after an old token. */
  isWrittenTo({ inboxId, address }: Unsubscriber): boolean {
    const { connection, lists } = this.#parts;
    const active = connection.get("SELECT 1 FROM inbox WHERE inbox_id = ? AND state = 'active'", inboxId);
    const sending = { inboxId, direction: 'send', address, isAuthenticated: true } as const;
    return active !== undefined && lists.keptOut(sending) === undefined;
  }
}
