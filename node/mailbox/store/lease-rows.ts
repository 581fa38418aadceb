// What is known of the work on mails, beside their labels: whoever has a mail at work is `processing` it, and its thread counts that. All of it
// runs within a transaction, in which what has run out is settled first.
import type { SQLInputValue } from 'node:sqlite';
import { LABELS_MAX } from '../label.ts';
import { stepWork, type Work, type WorkEvent, type WorkState, type WorkStep } from '../lease.ts';
import type { ClaimQuestion, LeaseOutcome, LeaseQuestion } from '../lease-question.ts';
import { claimableCondition } from './claimable.ts';
import type { Connection } from './database.ts';
import type { LabelledMail, LabelRows } from './label-rows.ts';

/** Leases that one transaction settles: the writes that came meanwhile wait for it. */
const SETTLED_AT_ONCE_MAX = 200;

interface Found extends LabelledMail {
  readonly state: WorkState | null;
  readonly lease: string | null;
  readonly worker: string | null;
  readonly attempts: number | null;
  readonly work_key: string | null;
  readonly since_at: number | null;
  readonly until_at: number | null;
}

export interface LeaseRowsParts {
  readonly connection: Connection;
  readonly labels: LabelRows;
  readonly newLease: () => string;
  /** 40 hexadecimal digits. */
  readonly newKey: () => string;
}

/** A mail that was taken, by its row. */
export interface TakenMail {
  readonly row: number;
  readonly work: Work;
}

export class LeaseRows {
  readonly #parts: LeaseRowsParts;
  /** Rows of inboxes. */
  readonly #freed = new Set<number>();
  /** How much work has ended since this worker began. */
  readonly #ended = new Map<WorkState, number>([
    ['done', 0],
    ['failed', 0],
  ]);

  constructor(parts: LeaseRowsParts) {
    this.#parts = parts;
  }

  /** The oldest mails that may be taken, and that now are; `undefined`: there is no such inbox. */
  claim(question: ClaimQuestion): readonly TakenMail[] | undefined {
    const { connection, newLease, newKey } = this.#parts;
    const { inboxId, worker, limit, leaseMs, nowMs } = question;
    const sql = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const inbox = connection.get<{ row: number }>(sql, inboxId)?.row;
    if (inbox === undefined) return undefined;
    this.#settleDue(nowMs);
    const taken: TakenMail[] = [];
    let place = { at: Number.MIN_SAFE_INTEGER, row: 0 };
    while (taken.length < limit) {
      const found = this.#oldest(question, inbox, place);
      if (found === undefined) break;
      const event: WorkEvent = { kind: 'claim', lease: newLease(), worker, newKey: newKey(), leaseMs };
      const step = stepWork(workOf(found), event, nowMs);
      if (step !== undefined) {
        this.#put(found, step, nowMs);
        taken.push({ row: found.row, work: step.work });
      }
      place = found;
    }
    return taken;
  }

  /** Extends, completes or gives back; labels change in the same step, unless it is a repeat of one that was done. */
  change({ inboxId, messageId, event, add, remove, nowMs }: LeaseQuestion): LeaseOutcome {
    this.#settleDue(nowMs);
    const { connection, labels } = this.#parts;
    const found = connection.get<Found>(`${FOUND} ${OF_MAIL}`, inboxId, messageId);
    if (found === undefined) return { outcome: 'gone' };
    const work = workOf(found);
    const step = work && stepWork(work, event, nowMs);
    if (work === undefined || step === undefined) return { outcome: 'dead' };
    const isRepeat = event.kind !== 'extend' && work.state !== 'held';
    const wanted = isRepeat ? step : { ...step, add: [...step.add, ...add], remove: [...step.remove, ...remove] };
    const before = labels.of(found.row);
    const after = labelsAfter(before, wanted);
    if (after.size > LABELS_MAX && after.size > before.size) return { outcome: 'many' };
    this.#put(found, wanted, nowMs);
    const { state, untilMs } = step.work;
    return { outcome: 'done', labels: [...after].sort(), work: { state, untilMs } };
  }

  /** Ends what has run out, some of it; answers when there is something to end again. */
  settle(nowMs: number): number | undefined {
    this.#settleDue(nowMs);
    const sql = `SELECT min(until_at) AS at FROM lease WHERE ${RUNNING}`;
    return this.#parts.connection.get<{ at: number | null }>(sql)?.at ?? undefined;
  }

  counts(): { readonly ended: readonly (readonly [end: string, count: number])[]; readonly leased: number } {
    const sql = `SELECT count(*) AS count FROM lease WHERE ${RUNNING} AND state = 'held'`;
    return { ended: [...this.#ended], leased: this.#parts.connection.get<{ count: number }>(sql)?.count ?? 0 };
  }

  /** Inboxes in which something has become free since this was asked before. */
  takeFreed(): readonly string[] {
    const rows = [...this.#freed];
    this.#freed.clear();
    const sql = 'SELECT inbox_id FROM inbox WHERE row = ?';
    return rows.flatMap((row) => this.#parts.connection.all<{ inbox_id: string }>(sql, row)).map((row) => row.inbox_id);
  }

  #settleDue(nowMs: number): void {
    for (const found of this.#parts.connection.all<Found>(`${FOUND} ${DUE}`, nowMs, nowMs, SETTLED_AT_ONCE_MAX)) {
      const step = stepWork(workOf(found), { kind: 'settle' }, nowMs);
      if (step !== undefined) this.#put(found, step, nowMs);
    }
  }

  #oldest({ labels, perThread, nowMs }: ClaimQuestion, inbox: number, after: { at: number; row: number }) {
    const [first = '', ...others] = labels;
    const { sql, values } = claimableCondition({ others, perThread, nowMs });
    const known: readonly SQLInputValue[] = [inbox, first, after.at, after.row, ...values];
    return this.#parts.connection.get<Found>(
      `SELECT ${COLUMNS} FROM message_label AS first CROSS JOIN message ON message.row = first.message
       LEFT JOIN lease ON lease.message = message.row
       WHERE first.inbox = ? AND first.label = ? AND (first.at, first.message) > (?, ?) AND ${sql}
       ORDER BY first.at, first.message LIMIT 1`,
      ...known,
    );
  }

  #put(mail: LabelledMail, step: WorkStep, nowMs: number): void {
    const { connection, labels } = this.#parts;
    const { lease = null, worker, attempts, workKey, state, sinceMs, untilMs } = step.work;
    connection.run(PUT, mail.row, state, lease, worker, attempts, workKey, sinceMs, untilMs);
    if (state !== 'held' && state !== 'waiting') this.#freed.add(mail.inbox);
    // Only what ends now lets the mail go.
    const count = step.remove.includes('processing') ? this.#ended.get(state) : undefined;
    if (count !== undefined) this.#ended.set(state, count + 1);
    const before = labels.of(mail.row);
    const after = labelsAfter(before, step);
    if (before.symmetricDifference(after).size === 0) return;
    labels.put(mail, before, after, nowMs);
    labels.settleThread(mail, before, after, nowMs);
  }
}

function labelsAfter(
  before: ReadonlySet<string>,
  { add, remove }: Pick<WorkStep, 'add' | 'remove'>,
): ReadonlySet<string> {
  return new Set([...before, ...add]).difference(new Set(remove));
}

/** `undefined`: nobody has taken the mail yet. */
function workOf(found: Found): Work | undefined {
  const { state, lease, worker, attempts, work_key: workKey, since_at: sinceMs, until_at: untilMs } = found;
  if (state === null || worker === null || attempts === null) return undefined;
  if (workKey === null || sinceMs === null || untilMs === null) return undefined;
  return { state, lease: lease ?? undefined, worker, attempts, workKey, sinceMs, untilMs };
}

const COLUMNS = `message.row, message.inbox, message.thread, message.at, lease.state, lease.lease, lease.worker, lease.attempts,
  lease.work_key, lease.since_at, lease.until_at`;
const FOUND = `SELECT ${COLUMNS} FROM message LEFT JOIN lease ON lease.message = message.row`;
const OF_MAIL = `JOIN inbox ON inbox.row = message.inbox
  WHERE inbox.inbox_id = ? AND inbox.state = 'active' AND message.message_id = ?`;
const RUNNING = "state IN ('held', 'waiting')";
const DUE = `WHERE message.row IN (SELECT message FROM lease WHERE ${RUNNING} AND until_at <= ? UNION
  SELECT message FROM lease WHERE ${RUNNING} AND since_at > ?) LIMIT ?`;
const PUT = `INSERT INTO lease (message, state, lease, worker, attempts, work_key, since_at, until_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (message) DO UPDATE SET state = excluded.state, lease = excluded.lease, worker = excluded.worker,
  attempts = excluded.attempts, work_key = excluded.work_key, since_at = excluded.since_at, until_at = excluded.until_at`;
