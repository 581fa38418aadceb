import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { signHead } from '../../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../../mesh/feed/limits.ts';
import { feedQuestionSchema } from '../../../mesh/feed/messages.ts';
import { RELAY_WAIT_MS_MAX, relayAnswerSchema, relayQuestionSchema } from '../../../mesh/feed/relay-messages.ts';
import { HOSTS_MAX } from '../../../mesh/limits.ts';
import { testKeys } from '../../support/test-keys.ts';

const { mac } = testKeys('mac');
const LOG = '0'.repeat(32);
const chain = firstChain(LOG);
const head = signHead(
  { hostId: mac.id, logId: LOG, n: 1, chain, digest: EMPTY_DIGEST, at: '2026-01-27T12:00:00.000Z' },
  mac.signer,
);

const question = {
  ...{ version: 1, scope: 'mesh', runs: true, ages: false, waitMs: RELAY_WAIT_MS_MAX },
  places: [
    ['mac', 4, chain],
    ['nas', 0, null],
  ],
};
const answer = {
  ...{ kind: 'runs', logId: LOG, seq: 7, digest: EMPTY_DIGEST, others: [['nas', null]] },
  runs: [{ entries: [{ n: 1 }], head }],
  ages: { ageMs: 20_000, older: [['nas', 90_000]] },
};
const many = <Item>(count: number, item: Item): readonly Item[] => Array.from({ length: count }, () => item);

describe('a question to a relay', () => {
  it('comes through with the places that are known', () => {
    expect(relayQuestionSchema.parse(question)).toEqual(question);
  });

  it('comes through with where it goes on', () => {
    const { places: _, ...asked } = { ...question, after: { logId: LOG, seq: 7 } };
    expect(relayQuestionSchema.parse(asked)).toEqual(asked);
  });

  it('is none about one host, nor such a one a question to a relay', () => {
    const aboutOne = { version: 1, logId: LOG, after: 0, waitMs: 0 };
    expect(relayQuestionSchema.safeParse(aboutOne).success).toBe(false);
    expect(feedQuestionSchema.safeParse(question).success).toBe(false);
  });

  it.each([
    ['waits too long', { waitMs: RELAY_WAIT_MS_MAX + 1 }],
    ['names more hosts than a mesh has', { places: many(HOSTS_MAX + 1, ['mac', 0, null]) }],
    ['names what is no host', { places: [['no host', 0, null]] }],
    ['names a place before the first', { places: [['mac', -1, chain]] }],
    ['names what is no chain', { places: [['mac', 1, 'chain']] }],
    ['is of another scope', { scope: 'world' }],
  ])('is refused when it %s', (_, wrong) => {
    expect(relayQuestionSchema.safeParse({ ...question, ...wrong }).success).toBe(false);
  });
});

describe('the answer of a relay', () => {
  it('comes through, its entries as they are', () => {
    expect(relayAnswerSchema.parse(answer)).toEqual(answer);
  });

  it.each([
    ['has more runs than one answer may have', { runs: many(FEED_ITEMS_MAX + 1, { entries: [], head }) }],
    ['has a run without a statement', { runs: [{ entries: [] }] }],
    ['has a run whose statement has no signature', { runs: [{ entries: [], head: { ...head, signature: '' } }] }],
    ['has an age below nothing', { ages: { ageMs: -1, older: [] } }],
    ['has a negative age of a host', { ages: { ageMs: 1, older: [['mac', -1]] } }],
    ['names more hosts than there can be', { others: many(2 * HOSTS_MAX + 1, ['mac', null]) }],
  ])('is refused when it %s', (_, wrong) => {
    expect(relayAnswerSchema.safeParse({ ...answer, ...wrong }).success).toBe(false);
  });
});
