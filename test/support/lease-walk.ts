// A random walk of several workers over the mails of one inbox, against a model that knows only what was promised: whose a lease is, and
// until when. The same walk goes over the machine by itself and over the database.
import { expect } from 'vitest';
import { ATTEMPTS_MAX } from '../../node/mailbox/lease.ts';
import { seededRandom } from './seeded-random.ts';

interface Claimed {
  readonly mail: string;
  readonly lease: string;
  readonly attempt: number;
  readonly workKey: string;
  readonly untilMs: number;
}

/** What is walked over. Of the last three, each answers whether the lease was alive. */
export interface LeaseTaker {
  claim(nowMs: number, leaseMs: number, worker: string): Promise<Claimed | undefined>;
  extend(mail: string, lease: string, nowMs: number, leaseMs: number): Promise<boolean>;
  complete(mail: string, lease: string, nowMs: number): Promise<boolean>;
  release(mail: string, lease: string, nowMs: number, delayMs: number): Promise<boolean>;
  labelsOf(mail: string): Promise<readonly string[]>;
}

interface Held extends Claimed {
  untilMs: number;
  end?: 'completed' | 'released';
}

const STEPS = 300;

/** One walk of a seed, in which also late workers act, and repeat what they did; then everything is worked on until nothing is left. */
export class LeaseWalk {
  readonly #taker: LeaseTaker;
  readonly #random: () => number;
  readonly #granted: Held[] = [];
  readonly #keys = new Map<string, string>();
  #nowMs = 1_000_000;

  constructor(taker: LeaseTaker, seed: number) {
    this.#taker = taker;
    const random = seededRandom(seed);
    this.#random = () => random.next();
  }

  /** Mails by how they ended. */
  async run(mails: readonly string[]): Promise<{ readonly done: number; readonly failed: number }> {
    for (let at = 0; at < STEPS; at += 1) {
      this.#nowMs += Math.floor(this.#random() * 20_000);
      const roll = this.#random();
      if (roll < 0.4) await this.#claim();
      else if (roll < 0.5) await this.#extend();
      else if (roll < 0.75) await this.#release();
      else await this.#complete();
    }
    this.#nowMs += 100_000_000;
    for (let held = await this.#claim(); held !== undefined; held = await this.#claim())
      expect(await this.#taker.complete(held.mail, held.lease, this.#nowMs)).toBe(true);
    const labels = await Promise.all(mails.map((mail) => this.#taker.labelsOf(mail)));
    for (const ofMail of labels) expect(ofMail).not.toContain('processing');
    const withLabel = (label: string) => labels.filter((ofMail) => ofMail.includes(label)).length;
    expect(withLabel('read') + withLabel('failed'), 'none is lost').toBe(mails.length);
    return { done: withLabel('read'), failed: withLabel('failed') };
  }

  async #claim(): Promise<Held | undefined> {
    const leaseMs = 10_000 + Math.floor(this.#random() * 50_000);
    const claimed = await this.#taker.claim(this.#nowMs, leaseMs, 'worker');
    if (claimed === undefined) return undefined;
    const before = this.#granted.filter(({ mail }) => mail === claimed.mail);
    expect(
      before.filter((held) => this.#isAlive(held)),
      `${claimed.mail} is leased once at a time`,
    ).toEqual([]);
    expect(
      before.some(({ end }) => end === 'completed'),
      'what is done is not taken again',
    ).toBe(false);
    expect(claimed).toMatchObject({ attempt: before.length + 1, untilMs: this.#nowMs + leaseMs });
    expect(claimed.attempt).toBeLessThanOrEqual(ATTEMPTS_MAX);
    expect(claimed.workKey).toBe(this.#keys.get(claimed.mail) ?? claimed.workKey);
    this.#keys.set(claimed.mail, claimed.workKey);
    this.#granted.push(claimed);
    return claimed;
  }

  async #extend(): Promise<void> {
    const held = this.#anyHeld();
    if (held === undefined) return;
    const leaseMs = 10_000 + Math.floor(this.#random() * 50_000);
    const isAlive = await this.#taker.extend(held.mail, held.lease, this.#nowMs, leaseMs);
    expect(isAlive, `extend of ${held.mail}`).toBe(this.#isAlive(held));
    if (isAlive) held.untilMs = this.#nowMs + leaseMs;
  }

  async #complete(): Promise<void> {
    const held = this.#anyHeld();
    if (held === undefined) return;
    const expected = this.#isAlive(held) || (held.end === 'completed' && this.#isLast(held));
    expect(await this.#taker.complete(held.mail, held.lease, this.#nowMs), `complete of ${held.mail}`).toBe(expected);
    if (expected) held.end = 'completed';
  }

  async #release(): Promise<void> {
    const held = this.#anyHeld();
    if (held === undefined) return;
    const delayMs = this.#random() < 0.5 ? 0 : Math.floor(this.#random() * 30_000);
    const expected = this.#isAlive(held) || (held.end === 'released' && this.#isLast(held));
    const isAlive = await this.#taker.release(held.mail, held.lease, this.#nowMs, delayMs);
    expect(isAlive, `release of ${held.mail}`).toBe(expected);
    if (expected) held.end = 'released';
  }

  /** Any lease that was ever granted: who holds a dead one does not know. */
  #anyHeld(): Held | undefined {
    const recent = this.#granted.slice(-12);
    return recent[Math.floor(this.#random() * recent.length)];
  }

  #isAlive({ end, untilMs }: Held): boolean {
    return end === undefined && this.#nowMs < untilMs;
  }

  #isLast(held: Held): boolean {
    return this.#granted.findLast(({ mail }) => mail === held.mail) === held;
  }
}
