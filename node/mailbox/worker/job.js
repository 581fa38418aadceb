// @ts-check
// One mail at work: its lease is extended at each third of its time for as long as the work goes on, and ends once, in one of three ways: done,
// given back, or lost. A worker that the node does not answer counts the time by its own clock, so that it knows by itself when it has lost.
import { InboxRefused } from './requests.js';

/** Milliseconds after which an extension that was not answered is asked for again. */
const RETRY_MS = 1_000;
/** A lease that is dead, and a mail that is gone. */
const LOST_STATUSES = [404, 409];

/** @type {typeof import('./inbox.d.ts').LeaseLost} */
export const LeaseLost = class LeaseLost extends Error {
  /** @param {string} messageId */
  constructor(messageId) {
    super(`Somebody else has the mail ${messageId}, or has done it.`);
    this.name = 'LeaseLost';
  }
};

/**
 * @typedef {object} Claim
 * @property {import('./inbox.d.ts').InboxMessage} message
 * @property {string} lease
 * @property {number} attempt
 * @property {string} work_key
 */

export class Job {
  #requests;
  #lease;
  #leaseMs;
  /** When the lease is over, by this worker's clock. */
  #endsMs;
  #over = new AbortController();
  #lost = new AbortController();
  /** `ending`: the node was told, and has not answered. @type {'open' | 'ending' | 'ended' | 'lost'} */
  #state = 'open';

  /**
   * @param {import('./requests.js').Requests} requests
   * @param {Claim} claim
   * @param {number} leaseMs From now on.
   */
  constructor(requests, { message, lease, attempt, work_key }, leaseMs) {
    this.#requests = requests;
    this.#lease = lease;
    this.#leaseMs = leaseMs;
    this.#endsMs = requests.now() + leaseMs;
    this.message = message;
    this.attempt = attempt;
    this.workKey = work_key;
    this.signal = this.#lost.signal;
    void this.#keep();
  }

  get isOpen() {
    return this.#state === 'open';
  }

  get isLost() {
    return this.#state === 'lost';
  }

  /**
   * @param {import('./inbox.d.ts').OutgoingMail} mail
   * @param {string} [step]
   * @returns {Promise<import('./inbox.d.ts').SentMail>}
   */
  async reply(mail, step) {
    const key = step === undefined ? this.workKey : `${this.workKey}-${step}`;
    const path = `/v0${pathOf(this.message)}/reply`;
    const question = { path, body: mail, headers: { 'idempotency-key': key }, signal: this.#lost.signal };
    this.#lost.signal.throwIfAborted();
    const sent = await this.#requests.untilAnswered(question);
    this.#lost.signal.throwIfAborted();
    return sent;
  }

  /** @param {import('./inbox.d.ts').LabelChange} [labels] */
  complete(labels = {}) {
    return this.#end('complete', labelsOf(labels));
  }

  /** @param {import('./inbox.d.ts').LabelChange & { delaySeconds?: number }} [options] */
  async release({ delaySeconds, ...labels } = {}) {
    // Lost, it was given back already.
    if (!this.isLost) await this.#end('release', { ...labelsOf(labels), delay_seconds: delaySeconds });
  }

  /**
   * Asks until the node has answered, or the lease is over.
   * @param {'complete' | 'release'} verb
   * @param {object} body
   */
  async #end(verb, body) {
    this.#lost.signal.throwIfAborted();
    if (this.#state !== 'open') throw new Error(`The job of ${this.message.message_id} has ended already.`);
    this.#state = 'ending';
    try {
      const question = { path: this.#own(verb), body: { lease: this.#lease, ...body }, signal: this.#lost.signal };
      const done = await this.#requests.untilAnswered(question);
      if (done === undefined) this.#lost.signal.throwIfAborted();
      this.#state = 'ended';
      this.#over.abort();
    } catch (error) {
      if (isLoss(error)) this.#lose();
      this.#lost.signal.throwIfAborted();
      this.#state = 'open';
      throw error;
    }
  }

  async #keep() {
    const { now, sleep } = this.#requests;
    let pauseMs = this.#leaseMs / 3;
    while (!this.#over.signal.aborted) {
      await sleep(Math.max(0, Math.min(pauseMs, this.#endsMs - now())), this.#over.signal);
      if (this.#over.signal.aborted) return;
      if (now() >= this.#endsMs) return this.#lose();
      pauseMs = (await this.#extend()) ? this.#leaseMs / 3 : RETRY_MS;
    }
  }

  /** Whether it lasts longer now. Never rejects: whoever is at work hears of it by the signal. */
  async #extend() {
    const { now } = this.#requests;
    const askedMs = now();
    const body = { lease: this.#lease, lease_seconds: this.#leaseMs / 1_000 };
    const question = { path: this.#own('extend'), body, signal: this.#over.signal, answerMs: this.#endsMs - askedMs };
    try {
      await this.#requests.once(question);
      this.#endsMs = askedMs + this.#leaseMs;
      return true;
    } catch (error) {
      // While the job is ending, a dead lease may be its own end. A key that opens nothing any more is told to who ends the job.
      if (this.#state === 'open' && isLoss(error)) this.#lose();
      return false;
    }
  }

  #lose() {
    this.#state = 'lost';
    this.#lost.abort(new LeaseLost(this.message.message_id));
    this.#over.abort();
  }

  /** @param {string} verb */
  #own(verb) {
    return `/api/mailbox${pathOf(this.message)}/${verb}`;
  }
}

/** @param {unknown} error */
function isLoss(error) {
  return error instanceof InboxRefused && LOST_STATUSES.includes(error.status);
}

/** @param {import('./inbox.d.ts').InboxMessage} message */
function pathOf({ inbox_id, message_id }) {
  return `/inboxes/${encodeURIComponent(inbox_id)}/messages/${encodeURIComponent(message_id)}`;
}

/** @param {import('./inbox.d.ts').LabelChange} labels */
function labelsOf({ addLabels, removeLabels }) {
  return { add_labels: addLabels, remove_labels: removeLabels };
}
