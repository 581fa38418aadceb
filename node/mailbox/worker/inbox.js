// @ts-check
// The worker's side of an inbox, `agent-email-mesh/worker`: its mails as jobs, one after the other. A generator learns how a loop's body has
// ended only by what it is asked then: for the next one, or to return. Plain JavaScript beside its types, for Node strips no types of what is
// installed.
import { Job, LeaseLost } from './job.js';
import { InboxRefused, Requests } from './requests.js';

export { InboxRefused, LeaseLost };

const LEASE_SECONDS = 300;
/** How long the node waits with its answer when there is no mail, and what may pass until it comes. */
const WAIT_SECONDS = 25;
const CLAIM_MS_MAX = 40_000;

/** @type {typeof import('./inbox.d.ts').openInbox} */
export const openInbox = (options) => {
  const requests = new Requests(options);
  const { inboxId } = options;
  const path = `/inboxes/${encodeURIComponent(inboxId)}`;
  return {
    inboxId,
    jobs: (wish) => jobsOf(requests, path, wish),
    send: (mail, { idempotencyKey = globalThis.crypto.randomUUID(), signal } = {}) => {
      const headers = { 'idempotency-key': idempotencyKey };
      return requests.untilAnswered({ path: `/v0${path}/messages/send`, body: mail, headers, ...given({ signal }) });
    },
  };
};

/**
 * @param {Requests} requests
 * @param {string} path
 * @param {import('./inbox.d.ts').JobsOptions} wish
 * @returns {AsyncGenerator<import('./inbox.d.ts').Job, void, undefined>}
 */
async function* jobsOf(requests, path, { worker, labels, perThread, leaseSeconds = LEASE_SECONDS, signal, lost }) {
  const body = {
    ...{ worker, labels, per_thread: perThread, lease_seconds: leaseSeconds, wait_seconds: WAIT_SECONDS },
  };
  while (!signal?.aborted) {
    const asked = { path: `/api/mailbox${path}/claim`, body, answerMs: CLAIM_MS_MAX, ...given({ signal }) };
    const answer = await requests.untilAnswered(asked);
    for (const claim of answer?.claims ?? []) {
      const job = new Job(requests, claim, leaseSeconds * 1_000);
      let isDone = false;
      try {
        yield job;
        isDone = true;
      } finally {
        await end(job, isDone);
        if (job.isLost) lost?.(job);
      }
    }
  }
}

/**
 * Ends a job that has not ended itself. A lease that is lost is no failure of who works on: the next job is another.
 * @param {Job} job
 * @param {boolean} isDone
 */
async function end(job, isDone) {
  if (!job.isOpen) return;
  try {
    await (isDone ? job.complete() : job.release());
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
  }
}

/** @param {{ signal: AbortSignal | undefined }} of */
function given({ signal }) {
  return signal === undefined ? {} : { signal };
}
