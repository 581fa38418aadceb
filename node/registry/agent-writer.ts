// One mutation, one commit: the agent's new state, the entries that tell of the change and the records of its claims become
// durable together, and are shown only then.
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Clock, Write } from '../../mesh/ports.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { DomainEntry, EmailEntry, MailboxEntry } from '../changes/change-log.ts';
import type { NewEntry, StoredChangeLog } from '../changes/stored-change-log.ts';
import type { Log } from '../log.ts';
import type { Agent } from './agent.ts';
import { goneWrite, removingWrites, savingWrites, sequenceWrite } from './agent-records.ts';
import type { AgentSequences } from './agent-sequences.ts';
import type { AgentTable } from './agent-table.ts';
import { type ChangeDraft, changesBetween } from './change-entries.ts';

export interface AgentWriterPorts {
  readonly table: AgentTable;
  readonly changes: StoredChangeLog;
  readonly clock: Clock;
  readonly newUuid: NewUuid;
  readonly log: Log;
  readonly hostId: HostId;
  readonly sequences: AgentSequences;
}

/** What became of a message, to be told as an event of its agent. */
export type MailDraft =
  | Pick<EmailEntry, 'event' | 'email'>
  | Pick<MailboxEntry, 'event' | 'message'>
  | Pick<DomainEntry, 'event' | 'domain'>;

interface Whose {
  readonly agentId: AgentId;
  /** The name to tell when the agent is gone. */
  readonly agentName: string;
}

/** What is to be durable with the events that tell of mail. */
interface Beside {
  /** Durable together with the entries. */
  readonly writes: readonly Write[];
  /** Runs when all of it is durable. */
  readonly apply: () => void;
}

/** What became of an agent's mail, and what is to be durable with the events that tell of it. */
export interface MailEvent extends Whose, Beside {
  readonly drafts: readonly MailDraft[];
}

/** What became of mail of several agents, in its order. */
export interface MailEvents extends Beside {
  readonly told: readonly (Whose & { readonly draft: MailDraft })[];
}

export class AgentWriter {
  readonly #ports: AgentWriterPorts;
  /** Agents whose deletion is handed to the store, and not durable yet. */
  readonly #leaving = new Set<AgentId>();

  constructor(ports: AgentWriterPorts) {
    this.#ports = ports;
  }

  /**
   * Before an agent is made again under an id that a client gave: what is known of an earlier one stays known until the hold is disposed,
   * which is after the agent was saved, or was not. Rejects with `store_failed`.
   */
  async beginAgain(id: AgentId): Promise<Disposable> {
    const { sequences } = this.#ports;
    using stack = new DisposableStack();
    stack.use(sequences.keep(id));
    if (sequences.isUnknown(id)) await sequences.learn(id);
    return stack.move();
  }

  /**
   * Appends events of an agent's mail, with the send module's own writes in the same commit. The agent may be gone by now. Events of mail need
   * no lock on the agent, for a sequence is given out in the very step that hands the commit to the log: so an agent that waits for its claims
   * holds no mail up.
   */
  async commitMail({ drafts, agentId, agentName, ...beside }: MailEvent): Promise<void> {
    await this.commitMails({ told: drafts.map((draft) => ({ agentId, agentName, draft })), ...beside });
  }

  /** Appends events of the mail of several agents, each as `commitMail` does, in one commit. */
  async commitMails({ told, writes, apply }: MailEvents): Promise<void> {
    const { changes, sequences } = this.#ports;
    const agentIds = [...new Set(told.map(({ agentId }) => agentId))];
    using kept = new DisposableStack();
    for (const id of agentIds) kept.use(sequences.keep(id));
    for (const id of agentIds) if (sequences.isUnknown(id)) await sequences.learn(id);
    const at = this.#now();
    const entries = told.map(({ agentId, agentName, draft }) => this.#mailEntry({ agentId, agentName }, draft, at));
    const counted = agentIds.map((id) => this.#countedWrite(id, at));
    await changes.append(entries, [...writes, ...counted], apply);
  }

  /**
   * Saves `after` in place of `before` (absent: a new agent), with its `updatedAt` and `sequence` set here, and `extra` in the
   * same commit. Resolves with the agent as saved; with `before` when nothing differs, and then nothing is written.
   */
  async save(before: Agent | undefined, after: Agent, extra: readonly Write[]): Promise<Agent> {
    const { table, sequences } = this.#ports;
    const drafts = changesBetween(before, after);
    if (before !== undefined && drafts.length === 0) return before;
    using _kept = sequences.keep(after.id);
    const timestamp = this.#now();
    const last = sequences.last(after.id, after.sequence);
    const entries = this.#entries(drafts, last, timestamp);
    const saved: Agent = {
      ...after,
      createdAt: before?.createdAt ?? timestamp,
      updatedAt: timestamp,
      sequence: last + entries.length,
    };
    sequences.give(saved.id, saved.sequence);
    const writes = [...savingWrites(saved, before === undefined), ...extra];
    await this.#commit(entries, writes, () => table.put(before, saved));
    return saved;
  }

  /** Removes the agent. */
  async remove(before: Agent, extra: readonly Write[]): Promise<void> {
    const { table, sequences } = this.#ports;
    using _kept = sequences.keep(before.id);
    const last = sequences.last(before.id, before.sequence);
    const at = this.#now();
    const entries = this.#entries(changesBetween(before, undefined), last, at);
    const sequence = last + entries.length;
    // Noted before the commit: an event of this agent's mail that comes now must count on from here. The table still shows the agent, with its
    // earlier sequence.
    sequences.give(before.id, sequence);
    this.#leaving.add(before.id);
    const writes = [...removingWrites(before.id, { sequence, at }), ...extra];
    await this.#commit(entries, writes, () => {
      table.remove(before);
      this.#leaving.delete(before.id);
    });
  }

  async #commit(entries: readonly NewEntry[], writes: readonly Write[], apply: () => void): Promise<void> {
    await this.#ports.changes.append(entries, writes, apply);
    const events = entries.map((entry) => entry.event);
    this.#ports.log.info('agent.changed', { agentId: entries[0]?.agent.id, events });
  }

  /** The next event of an agent, whose sequence is given out with it. */
  #mailEntry({ agentId, agentName }: Whose, draft: MailDraft, timestamp: string): NewEntry {
    const { table, hostId, sequences, newUuid } = this.#ports;
    const agent = table.find(agentId);
    const sequence = sequences.last(agentId, agent?.sequence ?? 0) + 1;
    sequences.give(agentId, sequence);
    const about = { id: agentId, name: agent?.name ?? agentName, hostId };
    return { id: newUuid(), timestamp, sequence, ...draft, agent: about };
  }

  /** What is kept of the sequence that was given out last. */
  #countedWrite(id: AgentId, at: string): Write {
    const { table, sequences } = this.#ports;
    const agent = table.find(id);
    const sequence = sequences.last(id, agent?.sequence ?? 0);
    const isGone = agent === undefined || this.#leaving.has(id);
    return isGone ? goneWrite(id, { sequence, at }) : sequenceWrite(id, sequence);
  }

  #entries(drafts: readonly ChangeDraft[], lastSequence: number, timestamp: string): readonly NewEntry[] {
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
