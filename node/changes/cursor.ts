// Where a reader outside of the node is in the log, as a text that it keeps: the log's id and a position, so that the place is not taken for
// one in another log. A cursor tells nothing of what its reader wants.
import { MeshError } from '../../mesh/errors.ts';
import type { LogId } from '../../mesh/feed/place.ts';

/** What a cursor is held against. */
export interface CursorLog {
  readonly logId: LogId;
  readonly head: number;
  readonly oldestSeq: number;
}

const CURSOR = /^([0-9a-f]{32}):(0|[1-9]\d{0,14})$/;

/** Every change up to `seq` was told. */
export function cursorAt({ logId }: Pick<CursorLog, 'logId'>, seq: number): string {
  return `${logId}:${seq}`;
}

/** The position that a cursor stands for. Throws `invalid_request` for what is no cursor, and `gone`. */
export function positionOf(log: CursorLog, { text, field }: { readonly text: string; readonly field: string }): number {
  const [, logId, digits] = CURSOR.exec(text) ?? [];
  if (digits === undefined) {
    const message = `'${field}' must be a cursor as this node told it, <log id>:<position>.`;
    throw new MeshError('invalid_request', message, { field });
  }
  const seq = Number(digits);
  if (logId !== log.logId)
    throw gone(
      log,
      "The cursor is of another log than this node's: another host told it, or this one began anew since.",
    );
  if (seq > log.head)
    throw gone(log, `The cursor lies ahead of this node's log, which ends at ${log.head}: the log was longer once.`);
  if (seq < log.oldestSeq - 1) throw trimmed(log);
  return seq;
}

/** What comes next for a reader is kept no more. */
export function trimmed(log: CursorLog): MeshError {
  return gone(
    log,
    `What came after the cursor is kept no more; the oldest change that is has position ${log.oldestSeq}.`,
  );
}

function gone(log: CursorLog, why: string): MeshError {
  const since = cursorAt(log, log.oldestSeq - 1);
  const now = cursorAt(log, log.head);
  const message = `${why} Start over: read GET /api/agents/email-index?federated=true, then go on from 'now'; 'since' is the oldest that can be told.`;
  return new MeshError('gone', message, { extra: { since, now } });
}
