// @ts-check
// The consumer's side of `GET /api/changes`, `agent-email-mesh/changes`: an async iterator that stays connected. It resumes after the last
// event that it handed out, so it misses none. It reads no further while its consumer is busy. Plain JavaScript beside its types, for the
// reasons that verification.js gives. It does not drop repeats: who starts again at an older cursor hears again what came after.
import { EventStream } from './event-stream.js';

const RECONNECT_MS_MIN = 1_000;
const RECONNECT_MS_MAX = 30_000;
const RETRY_AFTER_MS_MAX = 300_000;
/** Three heartbeats of a node. */
const SILENCE_MS_MAX = 45_000;
const REFUSAL_OCTETS_MAX = 65_536;
/** Not an answer to the question, as those from 500 on. */
const PASSING_STATUSES = [408, 425, 429];

/** @type {typeof import('./changes-client.d.ts').ChangesRefused} */
export const ChangesRefused = class ChangesRefused extends Error {
  /**
   * @param {number} status
   * @param {unknown} body
   */
  constructor(status, body) {
    super(sentenceOf(status, body));
    this.name = 'ChangesRefused';
    this.status = status;
    this.body = body;
  }
};

/** @type {typeof import('./changes-client.d.ts').createChangesClient} */
export const createChangesClient = async function* (url, options = {}) {
  const { since, signal, sleep = sleepByTimer } = options;
  const question = questionOf(url, options);
  let pauseMs = RECONNECT_MS_MIN;
  let failures = 0;
  /** @type {string | undefined} */
  let cursor;
  while (!signal?.aborted) {
    const closing = new AbortController();
    const close = () => closing.abort();
    signal?.addEventListener('abort', close);
    const ways = { ...options, sleep, signal: closing.signal };
    const stream = new EventStream();
    let retryAfterMs = 0;
    try {
      const reader = await open(question, cursor, ways);
      for await (const text of piecesOf(reader, ways)) {
        failures = 0;
        const events = stream.push(text);
        pauseMs = Math.min(Math.max(stream.retryMs ?? pauseMs, RECONNECT_MS_MIN), RECONNECT_MS_MAX);
        for (const { id, data } of events) {
          if (signal?.aborted) return;
          cursor = id ?? cursor;
          yield { cursor: cursor ?? since ?? '', event: eventIn(data) };
        }
        // A node says where it begins, and now and then where it is, also while it tells nothing.
        cursor = stream.lastId ?? cursor;
      }
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      retryAfterMs = error.retryAfterMs;
    } finally {
      signal?.removeEventListener('abort', close);
      close();
    }
    // Half of it by chance, so that those who lost one node do not all come back at once.
    const backOffMs = Math.min(pauseMs * 2 ** failures, RECONNECT_MS_MAX) * (0.5 + Math.random() / 2);
    failures = Math.min(failures + 1, 10);
    await sleep(Math.max(backOffMs, retryAfterMs), signal);
  }
};

/** This connection failed; the next one may not. */
class Interruption extends Error {
  /**
   * @param {unknown} cause
   * @param {number} retryAfterMs
   */
  constructor(cause, retryAfterMs = 0) {
    super('The connection failed.', { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @typedef {object} Ways
 * @property {typeof fetch} [fetch]
 * @property {string | undefined} [token]
 * @property {(ms: number, signal?: AbortSignal) => Promise<void>} sleep
 * @property {AbortSignal} signal Aborts when the connection is to end.
 */

/**
 * @param {string | URL} url
 * @param {import('./changes-client.d.ts').ChangesOptions} options
 */
function questionOf(url, { since, scope, events, agentId }) {
  const base = new URL(url);
  if (!/^https?:$/.test(base.protocol))
    throw new TypeError(`The URL of a node begins with http:// or https://, not ${base.protocol}`);
  const question = new URL(`${base.pathname.replace(/\/$/, '')}/api/changes`, base);
  for (const [name, value] of Object.entries({ since, scope, events: events?.join(','), agentId }))
    if (value !== undefined) question.searchParams.set(name, value);
  return question;
}

/**
 * @param {URL} question
 * @param {string | undefined} cursor
 * @param {Ways} ways
 */
async function open(question, cursor, ways) {
  const { token, signal, fetch: ask = fetch } = ways;
  const headers = {
    accept: 'text/event-stream',
    ...(cursor === undefined ? {} : { 'last-event-id': cursor }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const {
    status,
    headers: given,
    body,
  } = await inTime(ask(question, { headers, signal, redirect: 'manual', cache: 'no-store' }), ways);
  if (status >= 500 || PASSING_STATUSES.includes(status))
    throw new Interruption(`The node answered ${status}.`, retryAfterMsOf(given.get('retry-after')));
  const reader = body?.getReader();
  const isStream = status === 200 && /^text\/event-stream\b/i.test(given.get('content-type') ?? '');
  if (isStream && reader !== undefined) return reader;
  throw new ChangesRefused(status, reader === undefined ? undefined : await refusalIn(reader, ways));
}

/**
 * Ends when the node ends its answer.
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {Ways} ways
 */
async function* piecesOf(reader, ways) {
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await inTime(reader.read(), ways);
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/**
 * What `answer` resolves to. A node that says nothing at all, not even its heartbeat, is not there any more.
 * @template T
 * @param {Promise<T>} answer
 * @param {Ways} ways
 * @returns {Promise<T>}
 */
async function inTime(answer, { sleep }) {
  const heard = new AbortController();
  const silence = sleep(SILENCE_MS_MAX, heard.signal).then(() => {
    throw new Error('The node fell silent.');
  });
  try {
    return await Promise.race([answer, silence]);
  } catch (cause) {
    throw new Interruption(cause);
  } finally {
    silence.catch(() => undefined);
    heard.abort();
  }
}

/**
 * The node's sentence about its refusal, as far as it is JSON and short.
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {Ways} ways
 * @returns {Promise<unknown>}
 */
async function refusalIn(reader, ways) {
  let text = '';
  for await (const piece of piecesOf(reader, ways)) {
    text += piece;
    if (text.length > REFUSAL_OCTETS_MAX) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    // It came from somebody else than a node; the status says enough.
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
    : `The node answered ${status}, not with changes.`;
}

/** @param {string | null} header */
function retryAfterMsOf(header) {
  const ms = /^\d{1,9}$/.test(header ?? '') ? Number(header) * 1_000 : 0;
  return Math.min(ms, RETRY_AFTER_MS_MAX);
}

/**
 * @param {string} data
 * @returns {import('./verification.d.ts').MeshEvent}
 */
function eventIn(data) {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new Error('The node sent an event that is not JSON.', { cause });
  }
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
