// Step 41 of the mailbox's proof: the samples of code in the guide to email agents, chapter by chapter, in TypeScript, by AgentMail's own client on a
// real node that sends through a real Postfix; of chapters without code, what they say. Where a sample doesn't fit that client, what fits stands in its place, and why above it; where an own
// node answers otherwise than the vendor's service, the sample says what it answers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoPostfix } from '../../scripts/postfix.ts';
import { GUIDE, type GuideWorld, guideWorld, type Promises, type Sample } from '../support/guide.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { difference, why } from './guide/02-why.ts';
import { inboxes } from './guide/04-inboxes.ts';
import { sending } from './guide/05-sending.ts';
import { receiving } from './guide/06-receiving.ts';
import { labels, threads } from './guide/07-threads.ts';
import { drafts } from './guide/09-drafts.ts';
import { attachments } from './guide/10-attachments.ts';
import { lists } from './guide/11-lists.ts';
import { agents, errors, people, sharing } from './guide/12-patterns.ts';
import { pods } from './guide/13-pods.ts';
import { deliverability, monitoring, rates, security, useCases } from './guide/17-production.ts';

const SAMPLES: Readonly<Record<number, Readonly<Record<string, Sample>>>> = {
  ...{ 4: inboxes, 5: sending, 6: receiving, 7: threads, 8: labels, 9: drafts, 10: attachments, 13: pods },
};
/** What chapters without code say. */
const PROMISES: Readonly<Record<number, Promises>> = {
  ...{ 2: why, 3: difference, 11: lists, 12: sharing, 14: agents, 15: people, 16: errors },
  ...{ 17: deliverability, 18: rates, 19: monitoring, 20: security, 21: useCases },
};
/** Chapters that say nothing that a node does, and why. */
const NOTHING_TO_DO: Readonly<Record<number, string>> = {
  1: 'It says why agents write mail, and names what the chapters behind it are about.',
};
/** Blocks of code in the guide. */
const COUNT = 35;

const missing = whyNoPostfix();

it('41 the guide: each of the 35 samples of its 21 chapters is here', () => {
  expect(GUIDE.map(({ chapter }) => chapter)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
  expect(GUIDE.flatMap(({ samples }) => samples)).toHaveLength(COUNT);
  for (const { chapter, samples } of GUIDE) expect(Object.keys(SAMPLES[chapter] ?? {})).toEqual([...samples]);
});

it('41 the guide: each of its chapters is tried, but what has nothing to do', () => {
  const untried = GUIDE.filter(({ chapter }) => Object.keys(triedOf(chapter)).length === 0);
  expect(untried.map(({ chapter }) => String(chapter))).toEqual(Object.keys(NOTHING_TO_DO));
});

describe.skipIf(missing !== undefined)(`the guide${missing === undefined ? '' : `: skipped, ${missing}`}`, () => {
  let world: GuideWorld;

  beforeAll(async () => {
    world = await guideWorld();
  }, LIVE_MS_MAX);
  afterAll(() => world?.[Symbol.asyncDispose](), LIVE_MS_MAX);

  for (const { chapter, title } of GUIDE)
    for (const [heading, sample] of Object.entries(triedOf(chapter)))
      it(`41 the guide, chapter ${chapter}, ${title}: ${heading}`, () => sample(world), LIVE_MS_MAX);
});

/** What is tried of a chapter, by the heading under which the guide says it. */
function triedOf(chapter: number): Readonly<Record<string, Sample>> {
  return { ...SAMPLES[chapter], ...PROMISES[chapter] };
}
