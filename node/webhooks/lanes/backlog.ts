// How many events of a subscription wait. Nobody keeps count: whoever asks has it counted, from what the lanes remember and from the
// log, of which at most a bounded part is read.

import type { LogPages } from '../records/log-pages.ts';
import type { LanesView } from './lanes.ts';

/** Pages of the log read to say how many events of a subscription wait; of more it is said that there are at least so many. */
const PENDING_PAGES_MAX = 64;

export interface Pending {
  readonly events: number;
  /** Whether the log has more than was read of it. */
  readonly isAtLeast: boolean;
}

/** How many deliveries wait, as it was at the moment of the call. */
export async function countPending(
  lanes: LanesView,
  pages: Pick<LogPages, 'head' | 'after'>,
  pagesMax = PENDING_PAGES_MAX,
): Promise<Pending> {
  const { head } = pages;
  const { known, from, left } = lanes.waiting();
  let [events, readTo] = [known, from];
  for (let read = 0; readTo < head && read < pagesMax; read += 1) {
    const page = await pages.after(readTo);
    events += page.filter((entry) => entry.seq <= head && left(entry)).length;
    readTo = page.at(-1)?.seq ?? head;
  }
  return { events, isAtLeast: readTo < head };
}
