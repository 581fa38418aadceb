// The rows of inboxes. All of these run within a transaction, but for what only reads.
import type { SQLInputValue } from 'node:sqlite';
import {
  type BegunInbox,
  type ChangedInbox,
  type DmarcSetting,
  INBOXES_MAX,
  type Inbox,
  type InboxChange,
  type InboxDraft,
  type InboxState,
  METADATA_KEYS_MAX,
  mergedMetadata,
  type SettingsChange,
} from '../inbox.ts';
import type { IntakeQuestions } from '../questions.ts';
import type { Connection } from './database.ts';
import { DraftRows } from './draft-rows.ts';
import { CountRows } from './metric-rows.ts';
import type { SearchRows } from './search-rows.ts';

/** Mails that one transaction erases: the writes that came meanwhile wait for it. */
const ERASED_AT_ONCE_MAX = 50;

export interface StoredInbox {
  readonly row: number;
  readonly inbox_id: string;
  readonly pod_id: string;
  readonly state: InboxState;
  readonly agent_id: string | null;
  readonly makes_agent: number;
  readonly display_name: string | null;
  readonly client_key: string | null;
  readonly metadata: string | null;
  readonly used_bytes: number;
  readonly mails: number;
  readonly retention_days: number | null;
  readonly quota_bytes: number | null;
  readonly dmarc: DmarcSetting;
  readonly created_at: number;
  readonly updated_at: number;
}

/** How many mails an inbox has, as they are counted. */
export const MAILS_OF_INBOX =
  '(SELECT messages FROM usage WHERE scope = inbox.row ORDER BY second DESC LIMIT 1) AS mails';
/** The columns of an inbox. */
export const INBOX_COLUMNS = `inbox.*, ${MAILS_OF_INBOX}, (SELECT pod_id FROM pod WHERE pod.row = inbox.pod) AS pod_id`;
/** To be gone on with a condition. */
export const INBOX = `SELECT ${INBOX_COLUMNS} FROM inbox`;

export function inboxOf(stored: StoredInbox): Inbox {
  return {
    inboxId: stored.inbox_id,
    podId: stored.pod_id,
    state: stored.state,
    agentId: stored.agent_id ?? undefined,
    makesAgent: stored.makes_agent === 1,
    displayName: stored.display_name ?? undefined,
    clientId: stored.client_key ?? undefined,
    metadata: stored.metadata === null ? undefined : JSON.parse(stored.metadata),
    usedBytes: stored.used_bytes,
    mails: stored.mails,
    retentionDays: stored.retention_days ?? undefined,
    quotaBytes: stored.quota_bytes ?? undefined,
    dmarc: stored.dmarc,
    createdAtMs: stored.created_at,
    updatedAtMs: stored.updated_at,
  };
}

export class InboxRows {
  readonly #connection: Connection;
  readonly #search: Pick<SearchRows, 'forget'>;

  constructor(connection: Connection, search: Pick<SearchRows, 'forget'>) {
    this.#connection = connection;
    this.#search = search;
  }

  /** Counts those that are active. */
  count(): number {
    return this.#connection.get<{ n: number }>("SELECT count(*) AS n FROM inbox WHERE state = 'active'")?.n ?? 0;
  }

  find(inboxId: string): Inbox | undefined {
    return this.#one(`${INBOX} WHERE inbox_id = ?`, inboxId);
  }

  /** Inboxes that a start must settle. */
  unsettled(): readonly Inbox[] {
    return this.#connection.all<StoredInbox>(`${INBOX} WHERE state <> 'active' ORDER BY row`).map(inboxOf);
  }

  begin({ inboxId, podId, agentId, makesAgent, displayName, clientId, metadata, atMs }: InboxDraft): BegunInbox {
    const pod = this.#pod(podId);
    if (pod === undefined) return { outcome: 'podless' };
    const ofClient = `${INBOX} WHERE pod = ? AND client_key = ?`;
    const twin = clientId === undefined ? undefined : this.#one(ofClient, pod, clientId);
    if (twin !== undefined) return { outcome: 'known', inbox: twin };
    const other = this.find(inboxId);
    if (other !== undefined) return { outcome: 'taken', inbox: other };
    const { count = 0 } = this.#connection.get<{ count: number }>('SELECT count(*) AS count FROM inbox') ?? {};
    if (count >= INBOXES_MAX) return { outcome: 'full' };
    this.#connection.run(
      `INSERT INTO inbox (inbox_id, pod, state, agent_id, makes_agent, display_name, client_key, metadata, created_at, updated_at)
       VALUES (?, ?, 'creating', ?, ?, ?, ?, ?, ?, ?)`,
      ...[inboxId, pod, agentId ?? null, Number(makesAgent), displayName ?? null, clientId ?? null],
      ...[metadata === undefined ? null : JSON.stringify(metadata), atMs, atMs],
    );
    return { outcome: 'begun', inbox: this.#known(inboxId) };
  }

  /** The address is the agent's. */
  activate({ inboxId, agentId, makesAgent, atMs }: Parameters<IntakeQuestions['activateInbox']>[0]): Inbox {
    const sql = `UPDATE inbox SET state = 'active', agent_id = ?, makes_agent = coalesce(?, makes_agent), updated_at = ?
      WHERE inbox_id = ? AND state <> 'deleting'`;
    this.#connection.run(sql, agentId, makesAgent === undefined ? null : Number(makesAgent), atMs, inboxId);
    return this.#known(inboxId);
  }

  /** Metadata is merged here, so that of two changes at once neither undoes the other. */
  change({ inboxId, displayName, metadata, atMs }: InboxChange): ChangedInbox {
    const before = this.find(inboxId);
    if (before?.state !== 'active') return { outcome: 'gone' };
    const after = metadata === undefined ? before.metadata : mergedMetadata(before.metadata, metadata);
    if (Object.keys(after ?? {}).length > METADATA_KEYS_MAX) return { outcome: 'full' };
    const name = displayName === undefined ? before.displayName : displayName;
    const sql = 'UPDATE inbox SET display_name = ?, metadata = ?, updated_at = ? WHERE inbox_id = ?';
    this.#connection.run(sql, name ?? null, after === undefined ? null : JSON.stringify(after), atMs, inboxId);
    return { outcome: 'done', inbox: this.#known(inboxId) };
  }

  /** `undefined` when there is no such inbox any more. */
  changeSettings({ inboxId, retentionDays, quotaBytes, dmarc, atMs }: SettingsChange): Inbox | undefined {
    for (const [column, value] of [
      ['retention_days', retentionDays],
      ['quota_bytes', quotaBytes],
      ['dmarc', dmarc],
      ['updated_at', atMs],
    ] as const)
      if (value !== undefined)
        this.#connection.run(`UPDATE inbox SET ${column} = ? WHERE inbox_id = ?`, value, inboxId);
    return this.find(inboxId);
  }

  /** From here on nobody is shown it, its keys open nothing, and its client id is free. */
  beginDeleting(inboxId: string, atMs: number): void {
    const sql = "UPDATE inbox SET state = 'deleting', client_key = NULL, updated_at = ? WHERE inbox_id = ?";
    this.#connection.run(sql, atMs, inboxId);
    const keys = 'DELETE FROM api_key WHERE inbox = (SELECT row FROM inbox WHERE inbox_id = ?)';
    this.#connection.run(keys, inboxId);
  }

  /** Erases some of the inbox's mail; `left` until none is. `files`: digests of raw mails that nobody needs any more. */
  eraseSome(inboxId: string): { readonly left: boolean; readonly files: readonly string[] } {
    const inbox = this.#connection.get<{ row: number }>('SELECT row FROM inbox WHERE inbox_id = ?', inboxId)?.row;
    if (inbox === undefined) return { left: false, files: [] };
    const left = this.#connection.all<{ raw: string }>(
      'DELETE FROM outgoing WHERE inbox = ? AND raw IS NOT NULL RETURNING raw',
      inbox,
    );
    const dropped = left.flatMap(({ raw }) => this.unused(raw));
    const drafts = this.#eraseDrafts(inbox);
    if (drafts !== undefined) return { left: true, files: [...dropped, ...drafts] };
    const messages = this.#connection.all<{ row: number; raw: string }>(
      'SELECT row, raw FROM message WHERE inbox = ? ORDER BY hidden, at, row LIMIT ?',
      inbox,
      ERASED_AT_ONCE_MAX,
    );
    this.#search.forget(messages.map(({ row }) => row));
    for (const { row } of messages) this.#connection.run('DELETE FROM message WHERE row = ?', row);
    const files = [...dropped, ...messages.flatMap(({ raw }) => this.unused(raw))];
    if (messages.length > 0) return { left: true, files };
    const sql = 'DELETE FROM thread WHERE row IN (SELECT row FROM thread WHERE inbox = ? LIMIT ?)';
    const { changes } = this.#connection.run(sql, inbox, ERASED_AT_ONCE_MAX);
    return { left: changes > 0 || new CountRows(this.#connection).drop(inbox), files };
  }

  /** Removes the row, whose mail was erased before. */
  drop(inboxId: string): void {
    this.#connection.run('DELETE FROM inbox WHERE inbox_id = ?', inboxId);
  }

  /** One fewer needs the raw mail; answers its digest when nobody does and it was a file. */
  unused(digest: string): readonly string[] {
    this.#connection.run('UPDATE raw SET uses = uses - 1 WHERE digest = ?', digest);
    const sql = 'DELETE FROM raw WHERE digest = ? AND uses = 0 RETURNING content IS NULL AS in_file';
    return this.#connection.get<{ in_file: number }>(sql, digest)?.in_file === 1 ? [digest] : [];
  }

  /** Some of them; `undefined` when there is none. */
  #eraseDrafts(inbox: number): readonly string[] | undefined {
    const drafts = new DraftRows({ connection: this.#connection, unused: (digest) => this.unused(digest) });
    const sql = 'SELECT row FROM draft WHERE inbox = ? LIMIT ?';
    const rows = this.#connection.all<{ row: number }>(sql, inbox, ERASED_AT_ONCE_MAX);
    return rows.length === 0 ? undefined : rows.flatMap(({ row }) => drafts.erase(row));
  }

  #known(inboxId: string): Inbox {
    const inbox = this.find(inboxId);
    if (inbox === undefined) throw new Error(`The row of inbox '${inboxId}' is gone within its own transaction.`);
    return inbox;
  }

  /** The row of a pod, or of the default one. */
  #pod(podId: string | undefined): number | undefined {
    const [where, values] = podId === undefined ? ['slug IS NULL', []] : ['pod_id = ?', [podId]];
    return this.#connection.get<{ row: number }>(`SELECT row FROM pod WHERE ${where}`, ...values)?.row;
  }

  #one(sql: string, ...values: readonly SQLInputValue[]): Inbox | undefined {
    const stored = this.#connection.get<StoredInbox>(sql, ...values);
    return stored === undefined ? undefined : inboxOf(stored);
  }
}
