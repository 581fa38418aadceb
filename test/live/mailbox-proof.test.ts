// The proof of the mailbox: AgentMail's own client, unchanged, on the sockets of real nodes, does what it can do, step by step. The titles begin
// with the numbers of the steps. Each step makes what it needs, and leaves the hosts as they were.
import { afterAll, beforeAll, describe } from 'vitest';
import { type ProofSteps, type ProofWorld, proofWorld, WITHOUT_POSTFIX } from '../support/proof-world.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { inboxes } from './proof/01-inboxes.ts';
import { reading } from './proof/06-reading.ts';
import { answers } from './proof/09-answers.ts';
import { labels } from './proof/14-labels.ts';
import { drafts } from './proof/16-drafts.ts';
import { lists } from './proof/19-lists.ts';
import { reports } from './proof/21-reports.ts';
import { webhooks } from './proof/23-webhooks.ts';
import { sockets } from './proof/24-sockets.ts';
import { workers } from './proof/25-workers.ts';
import { keys, pods } from './proof/26-pods.ts';
import { isolation } from './proof/28-isolation.ts';
import { domains } from './proof/29-domains.ts';
import { metrics } from './proof/30-metrics.ts';
import { search } from './proof/31-search.ts';
import { many } from './proof/32-many.ts';
import { deletion } from './proof/36-deletion.ts';
import { kill } from './proof/37-kill.ts';
import { wrongHost } from './proof/38-wrong-host.ts';
import { corpus } from './proof/39-corpus.ts';
import { notImplemented } from './proof/40-not-implemented.ts';
import { wire } from './proof/42-wire.ts';

/** In the order in which they are walked. */
const PROOF: readonly ProofSteps[] = [
  ...[inboxes, reading, answers, labels],
  ...[drafts, lists, reports, webhooks, sockets],
  ...[workers, pods, keys, isolation, domains, metrics, search, many],
  ...[deletion, kill, wrongHost, corpus, notImplemented, wire],
];

const unless = WITHOUT_POSTFIX === undefined ? '' : ` (steps are skipped: ${WITHOUT_POSTFIX})`;

describe(`the proof of the mailbox${unless}`, { timeout: 2 * LIVE_MS_MAX }, () => {
  let world: ProofWorld;

  beforeAll(async () => {
    world = await proofWorld();
  }, LIVE_MS_MAX);
  afterAll(() => world?.[Symbol.asyncDispose](), LIVE_MS_MAX);

  for (const steps of PROOF) steps(() => world);
});
