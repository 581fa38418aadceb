// What the queue is made of and with: the ports and the parts that it is handed.
import type { AgentId } from '../../../mesh/names.ts';
import type { Clock, Random, Write } from '../../../mesh/ports.ts';
import type { EmailEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import type { Store } from '../../store/store.ts';
import type { SendConfig } from '../account.ts';
import type { Suppressions } from '../bounces/suppressions.ts';
import type { Mailer } from '../mailer.ts';
import type { Message } from '../message.ts';
import type { RetentionBounds } from './retention.ts';

/** What became of an agent's mail, and what is to be durable with the events of it. */
export interface MailEvent {
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly drafts: readonly Pick<EmailEntry, 'event' | 'email'>[];
  readonly writes: readonly Write[];
  readonly apply: () => void;
}

export interface QueueOptions {
  readonly store: Store;
  /** Commits the events together with the writes, then applies the change (the registry's own log of changes). */
  commitMail(event: MailEvent): Promise<void>;
  readonly mailer: Mailer;
  readonly config: SendConfig;
  readonly suppressions: Suppressions;
  /** Why a message may not go out as its address any more; `undefined` when it may. */
  readonly whyNotAs: (message: Message) => string | undefined;
  /** Whether an agent of this host has the address. */
  readonly isHeld: (address: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Lower bounds in tests; absent: those of the files that keep them. */
  readonly retention?: Partial<RetentionBounds>;
}
