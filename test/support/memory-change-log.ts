// A change log in memory whose entries a test writes at will; it outlives the crashes of its readers. It counts what is read.

import type { LogId } from '../../mesh/feed/place.ts';
import type { AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type {
  AgentEntry,
  AgentEvent,
  ChangeEntry,
  ChangeLog,
  HeardEntry,
  MailboxEntry,
} from '../../node/changes/change-log.ts';

export class MemoryChangeLog implements ChangeLog {
  readonly #entries: ChangeEntry[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #wallMs: () => number;
  readonly #sequences = new Map<string, number>();
  /** Entries handed out, repeats among them. */
  entriesRead = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  get head(): number {
    return this.#entries.length;
  }

  get entries(): readonly ChangeEntry[] {
    return this.#entries;
  }

  /** One more change of an agent, told to subscribers at once. */
  append(agentId: string, event: AgentEvent = 'agent.email.changed'): AgentEntry {
    const entry = this.#make('mac', agentId, event);
    this.#add(entry);
    return entry;
  }

  /** One more event of an agent's inbox, kept as `event of <inbox> <n>`. */
  mail(agentId: string, inboxId: string, event: MailboxEntry['event'] = 'message.received'): MailboxEntry {
    const { changes: _, event: __, ...made } = this.#make('mac', agentId, 'agent.updated');
    const message = {
      inbox_id: inboxId,
      message_id: '<1@y.com>',
      thread_id: 't',
      event_id: `event of ${inboxId} ${made.seq}`,
    };
    const entry = { ...made, event, message };
    this.#add(entry);
    return entry;
  }

  /** One more domain that is right, kept as `event of <domain>`. */
  domain(domain_id: string, pod_id?: string): void {
    const { changes: _, event: __, ...made } = this.#make('mac', 'organization', 'agent.updated');
    const about = { domain_id, event_id: `event of ${domain_id}`, ...(pod_id === undefined ? {} : { pod_id }) };
    this.#add({ ...made, event: 'domain.verified', domain: about });
  }

  /** One more change of an agent of another host; `said` is what that host told otherwise. */
  hear(
    host: string,
    agentId: string,
    said: Partial<Pick<HeardEntry, 'changes' | 'event' | 'sequence' | 'resync'>> = {},
  ): HeardEntry {
    const made = this.#make(host, agentId, 'agent.email.changed');
    const origin = { hostId: made.agent.hostId, logId: 'log' as LogId, n: made.seq };
    const entry = { ...made, origin, heardAt: made.timestamp, ...said };
    this.#add(entry);
    return entry;
  }

  /** Entries are copied, as those of a disk are: nobody may lean on their identity. */
  async read(after: number, limit: number): Promise<readonly ChangeEntry[]> {
    const page = this.#entries.slice(after, after + limit);
    this.entriesRead += page.length;
    return page.map((entry) => ({ ...entry }));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add(entry: ChangeEntry): void {
    this.#entries.push(entry);
    for (const listener of this.#listeners) listener();
  }

  #make(host: string, agentId: string, event: AgentEvent): AgentEntry {
    const agent = `${host}/${agentId}`;
    const sequence = (this.#sequences.get(agent) ?? 0) + 1;
    this.#sequences.set(agent, sequence);
    const seq = this.#entries.length + 1;
    const address = `${agentId}-${sequence}@x.example` as EmailAddress;
    return {
      seq,
      id: `msg_${seq}`,
      event,
      timestamp: new Date(this.#wallMs()).toISOString(),
      agent: { id: agentId as AgentId, name: `name of ${agentId}`, hostId: host as HostId },
      changes: { added: [address], removed: [], modified: [], current: [address] },
      sequence,
    };
  }
}
