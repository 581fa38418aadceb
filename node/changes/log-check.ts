// Holds the log's own entries against their chain, as the disk has them: a bounded part at a time, so that whoever asks goes on from part to
// part and no question holds the node up. It shows that nothing was lost, altered or moved since it was written. It does not show that
// nobody wrote the whole log anew: only who followed it before, and knows a head that was signed, can see that.
import { firstChain, nextChain } from '../../mesh/feed/chain.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import type { Store } from '../store/store.ts';
import { feedEntryOf, type OwnEntry, type OwnHead } from './change-log.ts';
import { readStoredOwn } from './stored-entries.ts';

/** Own entries that one question holds against their chain. */
export const CHECK_PART_ENTRIES = 1_000;

interface CheckedLog {
  readonly logId: LogId;
  readonly ownHead: OwnHead;
  /** The lowest place that is kept. */
  readonly oldestN: number;
}

export interface CheckedPart {
  readonly logId: LogId;
  /** The places that were held against the chain; `to` is below `from` when there were none. */
  readonly from: number;
  readonly to: number;
  /** The newest place. */
  readonly head: number;
  /** The lowest place that is kept: what its chain stands on is gone, unless it is 1. */
  readonly oldest: number;
  /** What does not fit, a sentence; absent when all does. */
  readonly fault?: string;
}

/** What the next entry must fit; without a chain it is the first that is kept, and fits anything. */
interface Before {
  readonly chain?: string;
  readonly digest?: string;
}

export class LogCheck {
  readonly #store: Pick<Store, 'load' | 'get'>;
  readonly #log: CheckedLog;
  readonly #clock: Clock;

  constructor(store: Pick<Store, 'load' | 'get'>, log: CheckedLog, clock: Clock) {
    this.#store = store;
    this.#log = log;
    this.#clock = clock;
  }

  /** The part that follows the place `after`. Rejects with `store_failed` when an entry is missing. */
  async part(after: number): Promise<CheckedPart> {
    const { logId, ownHead, oldestN: oldest } = this.#log;
    const from = Math.max(after, oldest - 1) + 1;
    const end = Math.min(ownHead.n, from - 1 + CHECK_PART_ENTRIES);
    const isKnown = from > oldest;
    const stretch = { after: isKnown ? from - 2 : from - 1, end, oldest: () => this.#log.oldestN };
    // Trimmed at this very moment: whoever asks goes on behind that.
    const read = end < from ? [] : ((await readStoredOwn(this.#store, logId, stretch)) ?? []);
    const [before, entries] = isKnown ? [read[0], read.slice(1)] : [undefined, read];
    const fault = await this.#faultIn(entries, beforeOf(before, from, logId));
    const to = from - 1 + entries.length;
    return { logId, from, to, head: ownHead.n, oldest, ...(fault === undefined ? {} : { fault }) };
  }

  async #faultIn(entries: readonly OwnEntry[], start: Before): Promise<string | undefined> {
    const { ownHead } = this.#log;
    const turns = new Turns(this.#clock);
    let before = start;
    for (const entry of entries) {
      if (turns.isOver) await turns.next();
      const { chain, digest, rows, place } = entry;
      if (before.chain !== undefined && nextChain(before.chain, feedEntryOf(entry)) !== chain)
        return `Entry ${place.n} of the log (${entry.event} of agent '${entry.agent.id}', ${entry.timestamp}) does not fit the chain: it is not what was written there.`;
      if (before.digest !== undefined && rows === undefined && digest !== before.digest)
        return `Entry ${place.n} of the log changes no address, and its digest is another one than that of the entry before it.`;
      if (place.n === ownHead.n && (chain !== ownHead.chain || digest !== ownHead.digest))
        return `Entry ${place.n} of the log is the newest, and the log's own end says otherwise.`;
      before = { chain, digest };
    }
    return undefined;
  }
}

function beforeOf(entry: OwnEntry | undefined, from: number, logId: LogId): Before {
  if (entry !== undefined) return { chain: entry.chain, digest: entry.digest };
  return from === 1 ? { chain: firstChain(logId) } : {};
}
