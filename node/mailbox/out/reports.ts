// Reports about sent mail, handed to the send module one after the other: a bounce, which it reads and judges by its own rules, or a complaint,
// after which it writes to that address no more. One waits in the mailbox until that is done, so that a crash loses none.
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Log } from '../../log.ts';
import type { BounceReport } from '../../send/bounces/bounce-report.ts';
import type { Sending } from '../../send/send-service.ts';
import { mailboxErrorOf } from '../errors.ts';
import { storedOctets } from '../http/mail-octets.ts';
import { partsOfShown } from '../intake/mail-addresses.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { LeftReport, SettledReport } from '../report.ts';

/** Milliseconds between two looks: nobody waits for a report. */
const LOOK_MS = 5_000;
/** Octets of a report that is read; more is no report of a mail server. */
const REPORT_BYTES_MAX = 2 * 1_024 * 1_024;

export interface ReportsParts {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly sending: Pick<Sending, 'readBounce' | 'bounced'> & {
    readonly suppressions: Pick<Sending['suppressions'], 'add'>;
  };
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class Reports {
  readonly #parts: ReportsParts;

  constructor(parts: ReportsParts) {
    this.#parts = parts;
  }

  /** Hands reports over until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.handOver();
      await this.#parts.clock.sleep(LOOK_MS, signal);
    }
  }

  /** Hands over all that wait; what can't be handed over now waits on. */
  async handOver(): Promise<void> {
    const { intake, log } = this.#parts;
    try {
      for (;;) {
        const left = await intake.ask('leftReports', null);
        for (const report of left) await this.#handOver(report);
        if (left.length === 0) return;
      }
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      log.warn('mailbox.reports_wait', { message: `Reports about sent mail wait: ${expected.message}` });
    }
  }

  async #handOver(report: LeftReport): Promise<void> {
    const { sending, intake, clock, log } = this.#parts;
    const { kind, recipient, inboxId, messageId } = report;
    let bounce: BounceReport | undefined;
    try {
      if (kind === 'bounce') {
        bounce = await this.#read(report);
        if (bounce !== undefined) await sending.bounced(bounce);
      } else if (recipient !== undefined) {
        const { address } = partsOfShown(recipient);
        await sending.suppressions.add({
          address,
          reason: 'complaint',
          detail: `Complained of ${messageId}.`.slice(0, 500),
        });
      }
    } catch (error) {
      const isOver = error instanceof MeshError && OVER.has(error.code);
      if (!isOver) throw error;
      log.warn('mailbox.report_ignored', { message: error.message, inboxId, messageId });
    }
    const settled = { message: report.message, ...reachedBy(bounce), atMs: clock.wallMs() };
    await intake.ask('settleReport', settled);
  }

  async #read({ inboxId, messageId }: LeftReport): Promise<BounceReport | undefined> {
    const { query, sending, directory } = this.#parts;
    const stored = await query.ask('octets', { inboxId, messageId });
    if (stored === undefined || stored.rawSize > REPORT_BYTES_MAX) return undefined;
    return await sending.readBounce(await storedOctets(directory, stored));
  }
}

/** Whom the mail has reached: what is passed on to where nobody hears more of it may be lost there. */
function reachedBy(bounce: BounceReport | undefined): Pick<SettledReport, 'delivered' | 'aboutId'> {
  const reached = bounce?.recipients.filter(({ action }) => action === 'delivered') ?? [];
  return { delivered: reached.map(({ address }) => address), aboutId: bounce?.messageId };
}

/** What will be no different the next time. */
const OVER: ReadonlySet<string> = new Set(['not_found', 'invalid_request', 'invalid_address', 'store_full']);
