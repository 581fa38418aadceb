// Who held an address when, and what became of an agent: read out of the log, own and heard entries alike, from the oldest that is kept. The
// log has no index of addresses: a question reads on from where the one before it stopped, a bounded part of the log in turns, and may
// answer with less than a page, or nothing, and where to go on.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import { type AgentEntry, type ChangeEntry, type HeardEntry, isHeard, isOwn, type Origin } from './change-log.ts';
import { READ_AT_ONCE_ENTRIES } from './stored-entries.ts';

/** Questions about the past under way at once: each costs some hundred milliseconds of work, in turns. */
export const HISTORIES_IN_HAND_MAX = 4;
/** Entries of the log that one question reads. */
export const HISTORY_ENTRIES_READ_MAX = 20_000;

/** An address or an agent; of the two together, what became of that address while that agent held it. */
export interface HistoryQuestion {
  readonly key?: AddressKey | undefined;
  readonly agentId?: AgentId | undefined;
}

/** What became of an address, as an index shows it: with disabled email it shows none. */
type Became = 'shown' | 'changed' | 'gone';

interface HistoryItem extends Pick<HeardEntry, 'id' | 'event' | 'timestamp' | 'agent' | 'sequence' | 'changes'> {
  /** What became of the address that was asked about. */
  readonly address?: Became;
  /** Where it stands in its own host's log; absent in entries from before logs had places. */
  readonly place?: Origin;
  readonly chain?: string;
  /** For what another host did. */
  readonly heardAt?: string;
  readonly resync?: true;
}

export interface HistoryPage {
  readonly history: readonly HistoryItem[];
  /** ISO 8601, UTC: of the oldest entry that is kept; `null` when there is none. */
  readonly keptSince: string | null;
  /** Where to go on; absent when the end of the log was reached. */
  readonly after?: number;
}

interface ReadLog {
  readonly oldestSeq: number;
  read(after: number, limit: number): Promise<readonly ChangeEntry[]>;
}

export class History {
  readonly #log: ReadLog;
  readonly #clock: Clock;
  #inHand = 0;

  constructor(log: ReadLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Oldest first. `after`: a position in this node's log. Throws `overloaded` when too many are under way. */
  async ask(
    question: HistoryQuestion,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<HistoryPage> {
    if (this.#inHand >= HISTORIES_IN_HAND_MAX) throw tooMany();
    this.#inHand += 1;
    try {
      const [oldest] = await this.#log.read(this.#log.oldestSeq - 1, 1);
      return { keptSince: oldest?.timestamp ?? null, ...(await this.#read(question, after, limit)) };
    } finally {
      this.#inHand -= 1;
    }
  }

  async #read(question: HistoryQuestion, from: number, limit: number): Promise<Omit<HistoryPage, 'keptSince'>> {
    const turns = new Turns(this.#clock);
    const history: HistoryItem[] = [];
    let after = from;
    for (let read = 0; read < HISTORY_ENTRIES_READ_MAX; ) {
      const entries = await this.#log.read(after, READ_AT_ONCE_ENTRIES);
      if (entries.length === 0) return { history };
      for (const entry of entries) {
        if (turns.isOver) await turns.next();
        const item = itemOf(entry, question);
        if (item !== undefined) history.push(item);
        after = entry.seq;
        if (history.length === limit) return { history, after };
      }
      read += entries.length;
    }
    return { history, after };
  }
}

function itemOf(entry: ChangeEntry, { key, agentId }: HistoryQuestion): HistoryItem | undefined {
  if (!('changes' in entry) || (agentId !== undefined && entry.agent.id !== agentId)) return undefined;
  const became = key === undefined ? undefined : becameOf(entry, key);
  if (key !== undefined && became === undefined) return undefined;
  const { id, event, timestamp, agent, sequence, changes, chain } = entry;
  const place = placeOf(entry);
  return {
    ...(became === undefined ? {} : { address: became }),
    ...{ id, event, timestamp, agent, sequence, changes },
    ...(place === undefined ? {} : { place }),
    ...(chain === undefined ? {} : { chain }),
    ...(isHeard(entry) ? { heardAt: entry.heardAt } : {}),
    ...(isHeard(entry) && entry.resync ? { resync: true as const } : {}),
  };
}

function placeOf(entry: AgentEntry | HeardEntry): Origin | undefined {
  if (isHeard(entry)) return entry.origin;
  return isOwn(entry) ? { hostId: entry.agent.hostId, ...entry.place } : undefined;
}

/** A mutation is told once: by its rows, and where an entry can't have rows, by what `agent.email.changed` lists. */
function becameOf(entry: AgentEntry | HeardEntry, key: AddressKey): Became | undefined {
  const { rows, changes } = entry;
  if (rows?.drop.includes(key)) return 'gone';
  const row = rows?.put.find((one) => one.key === key);
  if (row !== undefined) return listOf(changes.added).includes(row.address) ? 'shown' : 'changed';
  const hasNoRows = isHeard(entry) ? entry.resync === true : !isOwn(entry);
  if (!hasNoRows || entry.event !== 'agent.email.changed') return undefined;
  const names = (list: unknown) => listOf(list).some((address) => anyAddressKey(String(address)) === key);
  if (names(changes.added)) return 'shown';
  if (names(changes.removed)) return 'gone';
  return names(changes.modified) ? 'changed' : undefined;
}

/** What another host says of its changes may have another form than it has here. */
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function tooMany(): MeshError {
  const message = `${HISTORIES_IN_HAND_MAX} questions about the past are under way at this host; try again shortly.`;
  return new MeshError('overloaded', message, { retryAfterSeconds: 1 });
}
