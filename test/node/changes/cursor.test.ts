// What a cursor stands for, held against the log that it is shown to.
import { describe, expect, it } from 'vitest';
import type { MeshError } from '../../../mesh/errors.ts';
import { cursorAt, positionOf, trimmed } from '../../../node/changes/cursor.ts';

const LOG = { logId: 'a'.repeat(32), head: 100, oldestSeq: 41 };
const OTHER = 'b'.repeat(32);

const refusalOf = (work: () => unknown): Partial<MeshError> => {
  try {
    return { message: String(work()) };
  } catch (error) {
    return error as MeshError;
  }
};

describe('a cursor', () => {
  it.each([40, 41, 99, 100])('at %i is the position behind which a reader goes on', (seq) => {
    expect(positionOf(LOG, { text: cursorAt(LOG, seq), field: 'since' })).toBe(seq);
  });

  it('at 0 is one of a log from which nothing was trimmed', () => {
    expect(positionOf({ ...LOG, oldestSeq: 1 }, { text: `${LOG.logId}:0`, field: 'since' })).toBe(0);
  });

  it.each([
    ['of another log', `${OTHER}:50`, /another log/],
    ['ahead of the log', `${LOG.logId}:101`, /ahead of this node's log, which ends at 100/],
    ['of what is kept no more', `${LOG.logId}:39`, /kept no more; the oldest change that is has position 41/],
  ])('%s is gone, with where one can go on', (_, text, words) => {
    const refusal = refusalOf(() => positionOf(LOG, { text, field: 'since' }));
    expect(refusal).toMatchObject({
      code: 'gone',
      message: expect.stringMatching(words),
      extra: { since: `${LOG.logId}:40`, now: `${LOG.logId}:100` },
    });
  });

  it.each([
    '',
    '50',
    `${LOG.logId}`,
    `${LOG.logId}:`,
    `${LOG.logId}:-1`,
    `${LOG.logId}:050`,
    `${LOG.logId}:1e2`,
    `${LOG.logId.toUpperCase()}:50`,
    `${LOG.logId}:50 `,
    `${LOG.logId}:${'9'.repeat(16)}`,
  ])("'%s' is none", (text) => {
    expect(refusalOf(() => positionOf(LOG, { text, field: 'since' }))).toMatchObject({
      code: 'invalid_request',
      field: 'since',
    });
  });

  it('of a reader whose next change is trimmed meanwhile is gone too', () => {
    expect(trimmed(LOG)).toMatchObject({ code: 'gone', extra: { since: `${LOG.logId}:40` } });
  });
});
