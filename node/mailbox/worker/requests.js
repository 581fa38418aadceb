// @ts-check
// What a worker asks of a node over HTTP: one question, or one again and again until it is answered. It imports nothing, so that it runs in
// Node from version 20 on without anything of the node itself.

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
const RETRY_AFTER_MS_MAX = 300_000;
const ANSWER_MS_MAX = 60_000;
/** Not an answer to the question, as those from 500 on. */
const PASSING_STATUSES = [408, 425, 429];

/** @type {typeof import('./inbox.d.ts').InboxRefused} */
export const InboxRefused = class InboxRefused extends Error {
  /**
   * @param {number} status
   * @param {unknown} body
   */
  constructor(status, body) {
    super(sentenceOf(status, body));
    this.name = 'InboxRefused';
    this.status = status;
    this.body = body;
  }
};

/** The node did not answer, or not now; the next time it may. */
export class Interruption extends Error {
  /**
   * @param {unknown} cause
   * @param {number} retryAfterMs
   */
  constructor(cause, retryAfterMs = 0) {
    super('The node does not answer.', { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @typedef {object} Question
 * @property {string} path Below the node's URL.
 * @property {unknown} body
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal] Gives the question up.
 * @property {number} [answerMs] How long its answer may take.
 */

export class Requests {
  #base;
  #key;
  #fetch;
  /** @readonly */
  sleep;
  /** @readonly */
  now;

  /** @param {import('./inbox.d.ts').InboxOptions} options */
  constructor({ url, key, fetch: ask = fetch, sleep = sleepByTimer, now = () => performance.now() }) {
    const base = new URL(url);
    if (!/^https?:$/.test(base.protocol))
      throw new TypeError(`The URL of a node begins with http:// or https://, not ${base.protocol}`);
    this.#base = `${base.origin}${base.pathname.replace(/\/+$/, '')}`;
    this.#key = key;
    this.#fetch = ask;
    this.sleep = sleep;
    this.now = now;
  }

  /**
   * Asks once. Throws `Interruption`, and `InboxRefused`.
   * @param {Question} question
   * @returns {Promise<any>}
   */
  async once({ path, body, headers = {}, signal, answerMs = ANSWER_MS_MAX }) {
    const giving = new AbortController();
    const giveUp = () => giving.abort();
    // Not AbortSignal.any, which in some versions of Node 20 never lets go of a signal that lives long.
    signal?.addEventListener('abort', giveUp);
    const heard = new AbortController();
    const late = this.sleep(answerMs, heard.signal).then(() => heard.signal.aborted || giveUp());
    try {
      signal?.throwIfAborted();
      const response = await this.#fetch(`${this.#base}${path}`, {
        ...{ method: 'POST', redirect: 'manual', signal: giving.signal },
        headers: { ...headers, authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      if (response.status >= 500 || PASSING_STATUSES.includes(response.status))
        throw new Interruption(`It answered ${response.status}.`, retryAfterMsOf(response.headers.get('retry-after')));
      const json = jsonIn(text);
      if (response.status !== 200 || json === undefined) throw new InboxRefused(response.status, json);
      return json;
    } catch (cause) {
      if (cause instanceof InboxRefused || cause instanceof Interruption) throw cause;
      throw new Interruption(cause);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      heard.abort();
      await late;
    }
  }

  /**
   * Asks until there is an answer; `undefined` when the signal has aborted before that. Throws `InboxRefused`.
   * @param {Question} question
   * @returns {Promise<any>}
   */
  async untilAnswered(question) {
    for (let failures = 0; !question.signal?.aborted; failures += 1) {
      try {
        return await this.once(question);
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
        // Half of it by chance, so that those who lost one node do not all come back at once.
        const backOffMs =
          Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 10), RETRY_MS_MAX) * (0.5 + Math.random() / 2);
        await this.sleep(Math.max(backOffMs, error.retryAfterMs), question.signal);
      }
    }
    return undefined;
  }
}

/**
 * @param {number} status
 * @param {unknown} body
 */
function sentenceOf(status, body) {
  const told = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof told === 'string'
    ? `The node refused (${status}): ${told}`
    : `What answered (${status}) is no node with a mailbox: its answer is not JSON.`;
}

/** @param {string} text */
function jsonIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    // It came from somebody else than a node; the status says enough.
    return undefined;
  }
}

/** @param {string | null} header */
function retryAfterMsOf(header) {
  const ms = /^\d{1,9}$/.test(header ?? '') ? Number(header) * 1_000 : 0;
  return Math.min(ms, RETRY_AFTER_MS_MAX);
}

/**
 * Resolves after `ms`, or at once when `signal` aborts.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function sleepByTimer(ms, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake);
    if (signal?.aborted) wake();
  });
}
