// One mutation, one commit: the agent's new state, the entries that tell of the change and the records of its claims become
// durable together, and are shown only then.
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Clock, Write } from '../../mesh/ports.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { EmailEntry } from '../changes/change-log.ts';
import type { NewEntry, StoredChangeLog } from '../changes/stored-change-log.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { Agent } from './agent.ts';
import { goneSequence, removingWrites, savingWrites, sequenceWrite } from './agent-records.ts';
import type { AgentTable } from './agent-table.ts';
import { type ChangeDraft, changesBetween } from './change-entries.ts';

export interface AgentWriterPorts {
  readonly table: AgentTable;
  readonly changes: StoredChangeLog;
  readonly clock: Clock;
  readonly newUuid: NewUuid;
  readonly log: Log;
  readonly hostId: HostId;
  readonly store: Pick<Store, 'get'>;
}

/** What became of a message, to be told as an event of its agent. */
export type EmailDraft = Pick<EmailEntry, 'event' | 'email'>;

/** What became of an agent's mail, and what is to be durable with the events that tell of it. */
export interface MailEvent {
  readonly agentId: AgentId;
  /** The name to tell when the agent is gone. */
  readonly agentName: string;
  readonly drafts: readonly EmailDraft[];
  /** Durable together with the entries. */
  readonly writes: readonly Write[];
  /** Runs when all of it is durable. */
  readonly apply: () => void;
}

export class AgentWriter {
  readonly #ports: AgentWriterPorts;
  /**
   * The last sequence that was given out, for each agent that had an event since the start. A sequence is given out in the very step that
   * hands the commit to the log. So events of mail need no lock on the agent, and an agent that waits for its claims holds no mail up.
   */
  readonly #sequences: Map<AgentId, number>;

  /** `sequences`: of agents whose last event was not a change of the agent itself. */
  constructor(ports: AgentWriterPorts, sequences: ReadonlyMap<AgentId, number> = new Map()) {
    this.#ports = ports;
    this.#sequences = new Map(sequences);
  }

  /** The last sequence of this agent's events: the one given out since the start, or `known` when that is higher. */
  lastSequence(id: AgentId, known: number): number {
    return Math.max(known, this.#sequences.get(id) ?? 0);
  }

  /** Appends events of an agent's mail, with the send module's own writes in the same commit. The agent may be gone by now. */
  async commitMail({ agentId, agentName, drafts, writes, apply }: MailEvent): Promise<void> {
    const { table, changes, hostId, store } = this.#ports;
    if (table.find(agentId) === undefined && !this.#sequences.has(agentId)) {
      const gone = await goneSequence(store, agentId);
      this.#sequences.set(agentId, this.lastSequence(agentId, gone));
    }
    const agent = table.find(agentId);
    const last = this.lastSequence(agentId, agent?.sequence ?? 0);
    const about = { id: agentId, name: agent?.name ?? agentName, hostId };
    const entries = this.#entries(
      drafts.map((draft) => ({ ...draft, agent: about })),
      last,
      this.#now(),
    );
    const sequence = last + entries.length;
    this.#sequences.set(agentId, sequence);
    const kept = drafts.length === 0 ? [] : [sequenceWrite(agentId, sequence, agent === undefined)];
    await changes.append(entries, [...writes, ...kept], apply);
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
    const last = this.lastSequence(after.id, after.sequence);
    const entries = this.#entries(drafts, last, timestamp);
    const saved: Agent = {
      ...after,
      createdAt: before?.createdAt ?? timestamp,
      updatedAt: timestamp,
      sequence: last + entries.length,
    };
    this.#sequences.set(saved.id, saved.sequence);
    const writes = [...savingWrites(saved, before === undefined), ...extra];
    await this.#commit(entries, writes, () => table.put(before, saved));
    return saved;
  }

  /** Removes the agent. */
  async remove(before: Agent, extra: readonly Write[]): Promise<void> {
    const last = this.lastSequence(before.id, before.sequence);
    const entries = this.#entries(changesBetween(before, undefined), last, this.#now());
    const sequence = last + entries.length;
    // Noted before the commit: an event of this agent's mail that comes now must count on from here. The table still shows the agent, with its
    // earlier sequence.
    this.#sequences.set(before.id, sequence);
    const writes = [...removingWrites(before.id, sequence), ...extra];
    await this.#commit(entries, writes, () => this.#ports.table.remove(before));
  }

  async #commit(entries: readonly NewEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    await this.#ports.changes.append(entries, writes, apply);
    const events = entries.map((entry) => entry.event);
    this.#ports.log.info('agent.changed', { agentId: entries[0]?.agent.id, events });
  }

  #entries(
    drafts: readonly (ChangeDraft | (EmailDraft & Pick<ChangeDraft, 'agent'>))[],
    lastSequence: number,
    timestamp: string,
  ): readonly NewEntry[] {
    return drafts.map(
      (draft, at): NewEntry => ({
        id: this.#ports.newUuid(),
        timestamp,
        sequence: lastSequence + 1 + at,
        ...draft,
      }),
    );
  }

  #now(): string {
    return new Date(this.#ports.clock.wallMs()).toISOString();
  }
}
