// What test/support/store-writer.ts commits, for it and for those who look afterwards.
import type { Write } from '../../mesh/ports.ts';

const RECORDS = 20;

/** The records of the commit `n`, a few pages of SQLite's. */
export function recordsOfCommit(n: number): readonly Write[] {
  const number = String(n).padStart(8, '0');
  return Array.from({ length: RECORDS }, (_, index) => ({
    key: `commit/${number}/${String(index).padStart(2, '0')}`,
    value: { n, index, text: 'x'.repeat(300) },
  }));
}
