// Erases what was kept long enough: mail beyond the days of its inbox, and what lies in the trash or in quarantine; and ends what was blocked for
// a while.
import type { Clock } from '../../../mesh/ports.ts';
import type { Log } from '../../log.ts';
import { mailboxErrorOf } from '../errors.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';

/** Milliseconds between two looks; the first is when a node that has just begun has its other work behind it. */
const LOOK_MS = 3_600_000;
const FIRST_LOOK_MS = 60_000;

export interface KeeperParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  /** Days for which inboxes keep mail that have set nothing; absent: for good. */
  readonly retentionDays: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Keeper {
  readonly #parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Looks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    await clock.sleep(FIRST_LOOK_MS, signal);
    while (!signal.aborted) {
      try {
        await this.eraseOutdated(signal);
        await this.#parts.intake.ask('endBlocks', clock.wallMs());
      } catch (error) {
        const expected = mailboxErrorOf(error);
        if (expected === undefined) throw error;
        log.warn('mailbox.keeping_waits', { message: `Mail that was kept long enough waits: ${expected.message}` });
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Resolves when there is none, and nothing of it in any file, or when `signal` aborts. */
  async eraseOutdated(signal: AbortSignal): Promise<void> {
    const { intake, query, retentionDays, clock, log } = this.#parts;
    let erased = 0;
    while (!signal.aborted) {
      const nowMs = clock.wallMs();
      const rows = await query.ask('outdatedMails', { nowMs, retentionDays });
      if (rows.length === 0) break;
      erased += rows.length;
      await intake.ask('eraseMails', { rows, nowMs, retentionDays });
    }
    if (erased > 0) log.info('mailbox.outdated_erased', { mails: erased });
  }
}
