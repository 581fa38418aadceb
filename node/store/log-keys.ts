// Which records are of the change log. They stand in a table of their own, for there may be millions of them, and a start checks all pages
// of every other record.

/** In the order of their octets. */
const LOG_PREFIXES: readonly string[] = ['change-own/', 'change/'];

/** Keys from `from` on, and below `to`. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Between them stand the keys of the change log, and no others. */
export const LOG_RANGES: readonly KeyRange[] = LOG_PREFIXES.map((from) => ({ from, to: endOf(from) }));

/** Whether the record belongs into the table of the change log, and not into that of everything else. */
export function isOfLog(key: string): boolean {
  return LOG_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** Whether keys that begin with `prefix` may be of the log, and whether they may be others. */
export function tablesOf(prefix: string): 'log' | 'records' | 'both' {
  if (isOfLog(prefix)) return 'log';
  return LOG_PREFIXES.some((of) => of.startsWith(prefix)) ? 'both' : 'records';
}

/** The first key greater than all that begin with the prefix, whose last character is followed by another of one octet. */
function endOf(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
