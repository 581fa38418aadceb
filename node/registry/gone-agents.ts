// What is kept of agents that are no more: the last sequence of each, so that the events of an agent made again under the same id count on.
// It goes once the log has no entry of that agent any more, and a day after its last event at the earliest: then nobody can hold the two
// against each other. Ages are judged by the wall clock, as those of the log's entries are.
import type { AgentId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { type ChangeEntry, cameMs } from '../changes/change-log.ts';
import { LOG_KEPT_MS_MIN } from '../changes/log-trimmer.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { type GoneAgent, goneAgent, goneWrite, loadGone } from './agent-records.ts';
import type { AgentSequences } from './agent-sequences.ts';

/** How often it is looked whether something that is kept of deleted agents may go, and how many go in one commit. */
export const GONE_SWEEP_INTERVAL_MS = 60 * 60 * 1_000;
const GONE_AT_ONCE_MAX = 200;

export interface GoneAgentsOptions {
  readonly store: Store;
  readonly changes: KeptLog;
  readonly sequences: AgentSequences;
  readonly clock: Clock;
  readonly log: Log;
}

/** How far back the log goes. */
interface KeptLog {
  readonly oldestSeq: number;
  read(after: number, limit: number): Promise<readonly ChangeEntry[]>;
}

export class GoneAgents {
  readonly #options: GoneAgentsOptions;

  constructor(options: GoneAgentsOptions) {
    this.#options = options;
  }

  /** Looks now and then until `signal` aborts. Rejects with `store_failed`. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(GONE_SWEEP_INTERVAL_MS, signal);
      if (signal.aborted) return;
      await this.#sweep(signal);
    }
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { store, changes, clock, log } = this.#options;
    const [oldest] = await changes.read(changes.oldestSeq - 1, 1);
    const keptMs = Math.min(
      clock.wallMs() - LOG_KEPT_MS_MIN,
      oldest === undefined ? Number.POSITIVE_INFINITY : cameMs(oldest) - 1,
    );
    let forgotten = 0;
    for await (const page of loadGone(store)) {
      const due = page.filter(({ gone }) => this.#reviewed(gone, keptMs) !== gone).map(({ id }) => id);
      for (let at = 0; at < due.length && !signal.aborted; at += GONE_AT_ONCE_MAX)
        forgotten += await this.#review(due.slice(at, at + GONE_AT_ONCE_MAX), keptMs);
    }
    if (forgotten > 0) log.info('agents.forgotten', { agents: forgotten });
  }

  /** Brings what the disk has of these agents now to what it should have. Resolves with the number of those that are forgotten. */
  async #review(ids: readonly AgentId[], keptMs: number): Promise<number> {
    const { store, sequences } = this.#options;
    using kept = new DisposableStack();
    for (const id of ids) kept.use(sequences.keep(id));
    const found = await Promise.all(ids.map(async (id) => ({ id, gone: await goneAgent(store, id) })));
    const writes = found.flatMap(({ id, gone }) => {
      // What was given out meanwhile is on its way to the disk, and must stay there.
      if (gone === undefined || sequences.isInHand(id)) return [];
      const after = this.#reviewed(gone, keptMs);
      return after === gone ? [] : [goneWrite(id, after)];
    });
    await store.commit(writes);
    return writes.filter(({ value }) => value === undefined).length;
  }

  /**
   * The record as it should be: as it is, or `undefined` when the agent's last event came up to `keptMs`. Versions before this one did not
   * say when that was, and a clock that was set back makes it a time to come: then it counts as now.
   */
  #reviewed(gone: GoneAgent, keptMs: number): GoneAgent | undefined {
    const wallMs = this.#options.clock.wallMs();
    const atMs = gone.at === undefined ? Number.POSITIVE_INFINITY : Date.parse(gone.at);
    if (atMs > wallMs) return { ...gone, at: new Date(wallMs).toISOString() };
    return atMs <= keptMs ? undefined : gone;
  }
}
