// The streams of one subscription: the changes as they come, and beside them the replays. The streams take turns, so that neither holds the
// other up; but of one agent only one event is in flight at a time, and where both could go, the replayed one goes first, for it is the older.
import { MeshError } from '../../../mesh/errors.ts';
import type { ChangeEntry } from '../../changes/change-log.ts';
import { wanted } from '../epochs.ts';
import type { StoredLane, StoredReplay, Subscription } from '../webhook-records.ts';
import type { Lane, LanesView } from './lanes.ts';
import { Stream, type StreamOptions } from './stream.ts';

/** Single deliveries of one subscription that are tried again at the same time, each a small replay; beside them one replay of a span. */
const RETRIES_MAX = 64;

/** Whether a replay sends an entry: what still waits in a lane comes by itself. */
export function isReplayed(
  entry: ChangeEntry,
  of: { readonly replay: StoredReplay; readonly subscription: Subscription; readonly lanes: LanesView },
): boolean {
  const { replay, subscription, lanes } = of;
  const happenedMs = Date.parse(entry.timestamp);
  if (entry.seq > replay.toSeq || happenedMs < replay.sinceMs || happenedMs > replay.untilMs) return false;
  return wanted(subscription, entry) && lanes.isSettled(entry);
}

export class Replays {
  readonly #live: Stream;
  readonly #options: Omit<StreamOptions, 'wants' | 'replay'>;
  /** The stream that made the newest attempt is the last. */
  #turns: readonly Stream[];

  constructor(live: Stream, options: Omit<StreamOptions, 'wants' | 'replay'>) {
    this.#live = live;
    this.#options = options;
    this.#turns = [live];
  }

  /** All streams, in the order of their turns. */
  get turns(): readonly Stream[] {
    return this.#turns;
  }

  /** The replays, without the stream of changes as they come. */
  all(): readonly StoredReplay[] {
    return this.#turns.flatMap(({ replay }) => replay ?? []);
  }

  /** The replay that is at an event now, with its lane; a retry of this event has none until its entry is read. */
  sending(seq: number): { readonly stream: Stream; readonly lane: Lane | undefined } | undefined {
    for (const stream of this.#turns) {
      if (stream.replay === undefined) continue;
      for (const lane of stream.lanes.all()) if (lane.seq === seq) return { stream, lane };
      if (stream.replay.isSingle && stream.replay.toSeq === seq) return { stream, lane: undefined };
    }
    return undefined;
  }

  /** Why another replay can't begin; `undefined` when it can. */
  refuse(isSingle: boolean): MeshError | undefined {
    const all = this.all();
    const running = all.find((one) => !one.isSingle);
    if (!isSingle && running !== undefined) {
      return new MeshError('conflict', 'A replay of this webhook is under way; begin another when it has ended.', {
        extra: { replayId: running.id },
      });
    }
    if (!isSingle || all.filter((one) => one.isSingle).length < RETRIES_MAX) return undefined;
    return new MeshError(
      'limit_exceeded',
      `${RETRIES_MAX} deliveries of this webhook are being tried again, as many as can be at once. Replay a span in their place.`,
    );
  }

  /** Begins a replay, or goes on with one that was kept. It comes first in turn; `refuse` was asked before. */
  add(replay: StoredReplay, lanes: readonly StoredLane[]): Stream {
    const { subscription } = this.#options;
    const stream = new Stream(
      { cursor: replay.cursor, lanes },
      {
        ...this.#options,
        replay,
        wants: (entry) => isReplayed(entry, { replay, subscription: subscription(), lanes: this.#live.lanes }),
      },
    );
    this.#turns = [stream, ...this.#turns];
    return stream;
  }

  /** Ends the replays that are over, and returns them. */
  end(): readonly StoredReplay[] {
    const over = this.#turns.filter(({ isOver }) => isOver).flatMap(({ replay }) => replay ?? []);
    if (over.length === 0) return over;
    this.#turns = this.#turns.filter(({ isOver }) => !isOver);
    for (const { id } of over) this.#options.records.replay(id, () => undefined);
    return over;
  }

  /** The next lane that may be attempted, of those that are `wanted`. */
  nextTurn(isWanted: (lane: Lane) => boolean): { readonly stream: Stream; readonly lane: Lane } | undefined {
    for (const stream of this.#turns) {
      const lane = stream.nextReady((one) => isWanted(one) && this.#isFree(stream, one));
      if (lane !== undefined) return { stream, lane };
    }
    return undefined;
  }

  /** A stream made an attempt: the others are before it now. */
  took(stream: Stream): void {
    if (this.#turns.length > 1) this.#turns = [...this.#turns.filter((other) => other !== stream), stream];
  }

  #isFree(stream: Stream, { name }: Lane): boolean {
    if (this.#turns.length === 1) return true;
    return this.#turns.every((other) => {
      if (other === stream) return true;
      const state = other.lanes.of(name)?.state;
      if (stream === this.#live) return state === undefined || state === 'waiting';
      return state !== 'busy';
    });
  }
}
