// What the send module tells of a mail, in the change log, becomes labels and events of that mail. The log is read with a place of its own,
// which is written down with what was heard: after a crash nothing is missing, and nothing is told twice.
import type { Clock } from '../../../mesh/ports.ts';
import { Sleeper } from '../../../mesh/time/sleeper.ts';
import type { ChangeEntry, ChangeLog, CursorReader, EmailEntry } from '../../changes/change-log.ts';
import type { Log } from '../../log.ts';
import { isHard } from '../../send/bounces/bounce-report.ts';
import { isFinal, type Recipient } from '../../send/message.ts';
import type { Sending } from '../../send/send-service.ts';
import { mailboxErrorOf } from '../errors.ts';
import type { SendOutcome } from '../outgoing-mail.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

/** Entries that are looked at in one go. */
const PAGE_ENTRIES = 200;
/** Entries without mail after which the place is written down all the same. */
const UNWRITTEN_MAX = 1_000;
/** Milliseconds before what could not be written down is heard again. */
const RETRY_MS = 1_000;
/** Milliseconds between two looks at what has ended long ago. */
const SWEEP_MS = 600_000;

export interface OutcomesParts {
  readonly changes: ChangeLog;
  readonly intake: Asks<IntakeQuestions>;
  readonly sending: Pick<Sending, 'get'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Outcomes {
  readonly #parts: OutcomesParts;
  readonly #sleeper: Sleeper;
  /** The place up to which the log was heard, once that is known. */
  #heard: number | undefined;
  #written = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
    this.#sleeper = new Sleeper(parts.clock);
  }

  /** Keeps entries that were not heard yet from being trimmed. */
  get cursorReader(): CursorReader {
    const oldestSeq = () => this.#oldestSeq();
    return {
      get oldestSeq() {
        return oldestSeq();
      },
      giveUp: async (seq) => {
        this.#heard = Math.max(this.#heard ?? 0, seq);
      },
    };
  }

  /** Hears until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { changes, clock } = this.#parts;
    const wake = () => this.#sleeper.wake();
    const deaf = changes.subscribe(wake);
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      this.#sleeper.prepare();
      const hasAll = await this.#hearAll(signal);
      if (!signal.aborted) await this.#sleeper.sleepUntil(clock.monotonicMs() + (hasAll ? SWEEP_MS : RETRY_MS));
    }
    signal.removeEventListener('abort', wake);
    deaf();
  }

  #oldestSeq(): number {
    if (this.#heard === undefined) return 0;
    return this.#heard < this.#parts.changes.head ? this.#heard + 1 : Number.POSITIVE_INFINITY;
  }

  /** False: something has to be heard again. */
  async #hearAll(signal: AbortSignal): Promise<boolean> {
    const { log } = this.#parts;
    try {
      while (!signal.aborted) {
        const heard = await this.#hearPage();
        if (heard !== 'more') {
          if (heard === 'all') await this.#sweep();
          return heard === 'all';
        }
      }
      return true;
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      log.warn('mailbox.outcomes_wait', { message: `What became of mails that were sent waits: ${expected.message}` });
      return false;
    }
  }

  async #hearPage(): Promise<'more' | 'all' | 'early'> {
    const { changes, intake } = this.#parts;
    this.#heard ??= await this.#begin();
    const entries = await changes.read(this.#heard, PAGE_ENTRIES);
    const last = entries.at(-1);
    if (last === undefined) return 'all';
    const outcomes = entries.flatMap((entry) => this.#outcomeOf(entry));
    if (outcomes.length === 0 && last.seq - this.#written < UNWRITTEN_MAX) {
      this.#heard = last.seq;
      return 'more';
    }
    this.#heard = await intake.ask('noteOutcomes', { seq: last.seq, outcomes });
    this.#written = this.#heard;
    return this.#heard === last.seq ? 'more' : 'early';
  }

  /** A log that is shorter than what was heard of it is another one, of which nothing was heard. */
  async #begin(): Promise<number> {
    const { changes, intake } = this.#parts;
    const { head } = changes;
    const known = await intake.ask('outcomePosition', null);
    const heard = known === undefined || known > head ? head : known;
    if (heard !== known) await intake.ask('noteOutcomes', { seq: heard, outcomes: [] });
    this.#written = heard;
    return heard;
  }

  #outcomeOf(entry: ChangeEntry): readonly SendOutcome[] {
    if (!isOfMail(entry)) return [];
    const { email, event, seq, timestamp } = entry;
    const known = this.#parts.sending.get(email.email_id)?.recipients ?? [];
    const of = (state: Recipient['state']) => email.recipients.filter((one) => one.state === state);
    const lost = event === 'email.bounced' ? of('bounced') : [...of('failed'), ...of('expired')];
    const bounced = lost.map(({ address, code }) => {
      const enhanced = known.find((one) => one.address === address)?.enhanced;
      return { address, status: enhanced ?? (code === undefined ? '5.0.0' : String(code)) };
    });
    // Of several who got a mail, one could write a bounce about another (node/send/returned-mail.ts); what a server refuses itself is its own word.
    const isBelieved = event !== 'email.bounced' || known.length === 1;
    const dead = isBelieved
      ? known.filter((one) => lost.some(({ address }) => address === one.address) && isDead(one))
      : [];
    return [
      {
        ...{ seq, id: email.email_id, bounced, atMs: Date.parse(timestamp) },
        // Of some it may not be known whether they got it, while others have.
        sent: ['email.sent', 'email.unknown'].includes(event) ? of('sent').map(({ address }) => address) : [],
        dead: dead.map(({ address }) => address),
        isPermanent: event === 'email.bounced' || lost.some(({ state }) => state === 'failed'),
        suppressed: event === 'email.bounced' ? [] : of('suppressed').map(({ address }) => address),
      },
    ];
  }

  /** What was cancelled ends without a word. */
  async #sweep(): Promise<void> {
    const { intake, sending, clock } = this.#parts;
    if (clock.monotonicMs() - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = clock.monotonicMs();
    const nowMs = clock.wallMs();
    const silent = await intake.ask('silentOutgoing', nowMs);
    const ids = silent.filter((id) => isFinal(sending.get(id)?.state ?? 'cancelled'));
    await intake.ask('sweepOutgoing', { ids, atMs: nowMs });
  }
}

/** Whether the address takes no mail in future, as the send module judges what came back. */
function isDead({ address, state, enhanced, code, reply }: Recipient): boolean {
  if (state !== 'bounced' && state !== 'failed') return false;
  const status = enhanced ?? (code !== undefined && code >= 500 ? '5.0.0' : '4.0.0');
  return isHard({ address, action: 'failed', status, ...(reply === undefined ? {} : { diagnostic: reply }) });
}

function isOfMail(entry: ChangeEntry): entry is EmailEntry {
  return 'email' in entry;
}
