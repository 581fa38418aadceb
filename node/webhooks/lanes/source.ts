// Where a stream's entries come from: the log; for a replay also the dead letters, which hold their entries whole, however short the log
// has become since.
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { DeadLetters } from '../records/dead-letters.ts';
import { LOG_PAGE_ENTRIES_MAX, type LogPages } from '../records/log-pages.ts';
import type { DeadLetter } from '../webhook-records.ts';
import type { Stream } from './stream.ts';

/** Some entries in order, and up to which position these are all there are. */
interface Page {
  readonly entries: readonly ChangeEntry[];
  readonly to: number;
}

/** An entry, if it is still to be had, and whether it lies among the dead letters. */
export interface Found {
  readonly entry: ChangeEntry | undefined;
  readonly isDead: boolean;
}

export interface Source {
  /** What follows `seq`, at most a page of it. */
  after(seq: number): Promise<Page>;
  find(seq: number): Promise<Found>;
}

export interface SourcePorts {
  readonly pages: LogPages;
  readonly deadLetters: DeadLetters;
}

/** What a stream reads from. A replay reads no further than its `toSeq`; one of `dead` pages through the dead letters alone. */
export function sourceOf(
  { subscriptionId, replay }: Pick<Stream, 'subscriptionId' | 'replay'>,
  { pages, deadLetters }: SourcePorts,
): Source {
  const log: Source = {
    after: async (seq) => {
      // What comes while the page is read lies behind it.
      const { head } = pages;
      const entries = await pages.after(seq);
      return { entries, to: entries.at(-1)?.seq ?? head };
    },
    find: async (seq) => ({ entry: await pages.entry(seq), isDead: false }),
  };
  if (replay === undefined) return log;
  const { toSeq, source } = replay;
  const dead = async (seq: number): Promise<Page> => {
    const letters = await deadLetters.after(subscriptionId, seq, LOG_PAGE_ENTRIES_MAX);
    const to = letters.length < LOG_PAGE_ENTRIES_MAX ? toSeq : (letters.at(-1)?.seq ?? toSeq);
    return upTo({ entries: entriesOf(letters), to }, toSeq);
  };
  return {
    after: async (seq) => (source === 'dead' ? dead(seq) : joined(await dead(seq), upTo(await log.after(seq), toSeq))),
    find: async (seq) => {
      const letter = await deadLetters.get(subscriptionId, seq);
      return { entry: letter?.entry ?? (await pages.entry(seq)), isDead: letter !== undefined };
    },
  };
}

function entriesOf(letters: readonly DeadLetter[]): readonly ChangeEntry[] {
  return letters.flatMap(({ entry }) => entry ?? []);
}

function upTo({ entries, to }: Page, end: number): Page {
  return { entries: entries.filter(({ seq }) => seq <= end), to: Math.min(to, end) };
}

/** A page of two sources together, as far as both reach; what both have comes once. */
function joined(one: Page, other: Page): Page {
  const to = Math.min(one.to, other.to);
  const bySeq = new Map([...one.entries, ...other.entries].map((entry) => [entry.seq, entry]));
  const entries = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  return upTo({ entries, to }, to);
}
