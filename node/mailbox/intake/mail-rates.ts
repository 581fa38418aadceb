// How much mail is taken from one machine in a minute, and for one inbox in a day: the rest is asked to come again later, so that nobody
// fills the disk or keeps the others waiting.
import type { Clock } from '../../../mesh/ports.ts';

const MAILS_PER_IP_MAX = 100;
const IP_MS = 60_000;
const MAILS_PER_INBOX_MAX = 10_000;
const INBOX_MS = 86_400_000;
/** Machines and inboxes that are counted; the ones that were counted first are forgotten. */
const COUNTED_MAX = 200_000;

interface Count {
  readonly sinceMs: number;
  mails: number;
}

export class MailRates {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a mail. `false`: that is one too many. */
  admitsFrom(ip: string): boolean {
    return this.#admits(`from ${ip}`, MAILS_PER_IP_MAX, IP_MS);
  }

  admitsFor(inboxId: string): boolean {
    return this.#admits(`for ${inboxId}`, MAILS_PER_INBOX_MAX, INBOX_MS);
  }

  /** Counts a mail for all of them, or for none when one of them has had its mail: that one, and when it takes more. */
  overrun(inboxIds: readonly string[]): { readonly inboxId: string; readonly waitMs: number } | undefined {
    const nowMs = this.#clock.monotonicMs();
    for (const inboxId of inboxIds) {
      const { sinceMs, mails } = this.#counts.get(`for ${inboxId}`) ?? { sinceMs: nowMs, mails: 0 };
      const waitMs = sinceMs + INBOX_MS - nowMs;
      if (mails >= MAILS_PER_INBOX_MAX && waitMs > 0) return { inboxId, waitMs };
    }
    for (const inboxId of inboxIds) this.admitsFor(inboxId);
    return undefined;
  }

  /** Takes back what `overrun` has counted: nobody got the mail. */
  takeBack(inboxIds: readonly string[]): void {
    for (const inboxId of inboxIds) {
      const count = this.#counts.get(`for ${inboxId}`);
      if (count !== undefined && count.mails > 0) count.mails--;
    }
  }

  #admits(key: string, mailsMax: number, periodMs: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#counts.get(key);
    const count = known !== undefined && nowMs - known.sinceMs < periodMs ? known : { sinceMs: nowMs, mails: 0 };
    count.mails++;
    if (count !== known) {
      this.#counts.delete(key);
      this.#counts.set(key, count);
    }
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > COUNTED_MAX && oldest !== undefined) this.#counts.delete(oldest);
    return count.mails <= mailsMax;
  }
}
