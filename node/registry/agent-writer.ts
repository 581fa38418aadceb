// One mutation, one commit: the agent's new state, the entries that tell of the change and the records of its claims become
// durable together, and are shown only then.
import type { Clock, Write } from '../../mesh/ports.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { Log } from '../log.ts';
import type { Agent } from './agent.ts';
import { removingWrites, savingWrites } from './agent-records.ts';
import type { AgentTable } from './agent-table.ts';
import { type ChangeDraft, changesBetween } from './change-entries.ts';
import type { NewEntry, StoredChangeLog } from './stored-change-log.ts';

export interface AgentWriterPorts {
  readonly table: AgentTable;
  readonly changes: StoredChangeLog;
  readonly clock: Clock;
  readonly newUuid: NewUuid;
  readonly log: Log;
}

export class AgentWriter {
  readonly #ports: AgentWriterPorts;

  constructor(ports: AgentWriterPorts) {
    this.#ports = ports;
  }

  /**
   * Saves `after` in place of `before` (absent: a new agent), with its `updatedAt` and `sequence` set here, and `extra` in the
   * same commit. Resolves with the agent as saved; with `before` when nothing differs, and then nothing is written.
   */
  async save(before: Agent | undefined, after: Agent, extra: readonly Write[]): Promise<Agent> {
    const { table } = this.#ports;
    const drafts = changesBetween(before, after);
    if (before !== undefined && drafts.length === 0) return before;
    const timestamp = this.#now();
    const entries = this.#entries(drafts, after.sequence, timestamp);
    const saved: Agent = {
      ...after,
      createdAt: before?.createdAt ?? timestamp,
      updatedAt: timestamp,
      sequence: after.sequence + entries.length,
    };
    const writes = [...savingWrites(saved, before === undefined), ...extra];
    await this.#commit(entries, writes, () => table.put(before, saved));
    return saved;
  }

  /** Removes the agent. */
  async remove(before: Agent, extra: readonly Write[]): Promise<void> {
    const entries = this.#entries(changesBetween(before, undefined), before.sequence, this.#now());
    const writes = [...removingWrites(before.id, before.sequence + entries.length), ...extra];
    await this.#commit(entries, writes, () => this.#ports.table.remove(before));
  }

  async #commit(entries: readonly NewEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    await this.#ports.changes.append(entries, writes, apply);
    const events = entries.map((entry) => entry.event);
    this.#ports.log.info('agent.changed', { agentId: entries[0]?.agent.id, events });
  }

  #entries(drafts: readonly ChangeDraft[], lastSequence: number, timestamp: string): readonly NewEntry[] {
    return drafts.map((draft, at) => ({
      id: this.#ports.newUuid(),
      timestamp,
      sequence: lastSequence + 1 + at,
      ...draft,
    }));
  }

  #now(): string {
    return new Date(this.#ports.clock.wallMs()).toISOString();
  }
}
