// Tells the change log of the mailbox's events, by reference: readers of the log hear of mail as they hear of all else, and what the mail says
// stays in the mailbox. The cursor moves in the commit that tells, so after a crash at any moment nothing is missing and nothing told twice.
import type { Clock } from '../../../mesh/ports.ts';
import { Sleeper } from '../../../mesh/time/sleeper.ts';
import type { Log } from '../../log.ts';
import type { Registry } from '../../registry/registry.ts';
import { mailboxErrorOf } from '../errors.ts';
import { type DomainReference, type EventReference, isOfMail, type MailReference } from '../event.ts';
import type { Organization } from '../inbox.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { EventNews } from './event-news.ts';
import { type RelayCursor, relayWrite } from './relay-cursor.ts';

/** Events that are told in one commit. */
const EVENTS_AT_ONCE = 128;
/** Milliseconds before the mailbox is asked again when it could not answer. */
const RETRY_MS = 1_000;
/** Milliseconds after which it is asked without being heard, and what is too old is taken away. */
const LOOK_MS = 60_000;

export interface RelayParts {
  readonly intake: Pick<Asks<IntakeQuestions>, 'ask'>;
  readonly query: Pick<Asks<QueryQuestions>, 'ask'>;
  readonly mail: Pick<Registry['mail'], 'commitMails'>;
  readonly organization: () => Promise<Organization>;
  /** Where an earlier process came to. */
  readonly cursor: RelayCursor | undefined;
  readonly news: Pick<EventNews, 'hear'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Relay {
  readonly #parts: RelayParts;
  readonly #sleeper: Sleeper;
  #cursor: RelayCursor | undefined;
  #isWaiting = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#sleeper = new Sleeper(parts.clock);
  }

  /** Tells until `signal` aborts. Rejects with `store_failed` when the store failed, as then the node must stop. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#sleeper.wake();
    const deaf = this.#parts.news.hear(wake);
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      this.#sleeper.prepare();
      const hasAll = await this.#tellAll(signal);
      if (!signal.aborted)
        await this.#sleeper.sleepUntil(this.#parts.clock.monotonicMs() + (hasAll ? LOOK_MS : RETRY_MS));
    }
    signal.removeEventListener('abort', wake);
    deaf();
  }

  /** False: the mailbox could not say everything. */
  async #tellAll(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const page = await this.#asked(() => this.#next());
      if (page === undefined) return false;
      if (page.length === 0) break;
      await this.#tell(page);
    }
    return (await this.#asked(() => this.#trim(signal))) ?? false;
  }

  async #next(): Promise<readonly EventReference[]> {
    const { query } = this.#parts;
    this.#cursor ??= await this.#begin();
    return query.ask('eventReferences', { after: this.#cursor.row, limit: EVENTS_AT_ONCE });
  }

  async #begin(): Promise<RelayCursor> {
    const { cursor, organization } = this.#parts;
    const { organizationId } = await organization();
    return { organizationId, row: cursor?.organizationId === organizationId ? cursor.row : 0 };
  }

  async #tell(events: readonly EventReference[]): Promise<void> {
    const { mail } = this.#parts;
    const row = events.at(-1)?.row;
    if (this.#cursor === undefined || row === undefined) return;
    const cursor = { ...this.#cursor, row };
    const { organizationId } = cursor;
    const told = events.map((event) => (isOfMail(event) ? toldMail(event) : toldDomain(event, organizationId)));
    await mail.commitMails({ told, writes: [relayWrite(cursor)], apply: () => {} });
    this.#cursor = cursor;
  }

  async #trim(signal: AbortSignal): Promise<boolean> {
    const { intake, clock } = this.#parts;
    const relayedRow = this.#cursor?.row ?? 0;
    while (!signal.aborted && (await intake.ask('trimEvents', { nowMs: clock.wallMs(), relayedRow })));
    return true;
  }

  /** `undefined`: the mailbox can't say, and it is told once that the log waits for it. */
  async #asked<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await ask();
      this.#isWaiting = false;
      return result;
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      if (!this.#isWaiting) this.#parts.log.warn('mailbox.relay_waits', { message: expected.message });
      this.#isWaiting = true;
      return undefined;
    }
  }
}

function toldMail({ type, inboxId, podId, agentId, messageId, threadId, eventId }: MailReference): Told {
  return {
    ...{ agentId: agentId as Told['agentId'], agentName: inboxId },
    draft: {
      event: type,
      message: {
        ...{ inbox_id: inboxId, message_id: messageId, thread_id: threadId, event_id: eventId },
        ...(podId === undefined ? {} : { pod_id: podId }),
      },
    },
  };
}

/** No agent has a domain: it is the organization of whose changes this is one. */
function toldDomain({ type, domain, podId, eventId }: DomainReference, organizationId: string): Told {
  return {
    ...{ agentId: organizationId as Told['agentId'], agentName: domain },
    draft: {
      event: type,
      domain: { domain_id: domain, event_id: eventId, ...(podId === undefined ? {} : { pod_id: podId }) },
    },
  };
}

type Told = Parameters<RelayParts['mail']['commitMails']>[0]['told'][number];
