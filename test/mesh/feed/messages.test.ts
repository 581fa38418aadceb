// The doors of the feed: what is let in, what is not, and that members which are not known here stay.
import { describe, expect, it } from 'vitest';
import type { ZodType } from 'zod';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import { signHead } from '../../../mesh/feed/head.ts';
import { CHANGED_ADDRESSES_MAX, FEED_ITEMS_MAX } from '../../../mesh/feed/limits.ts';
import {
  FEED_QUIET_MS_MAX,
  FEED_VERSION,
  feedAnswerSchema,
  feedEntrySchema,
  feedQuestionSchema,
  snapshotAgentSchema,
  snapshotAnswerSchema,
  snapshotQuestionSchema,
} from '../../../mesh/feed/messages.ts';
import { parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import { METADATA_KEYS_MAX } from '../../../mesh/limits.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import { testKeys } from '../../support/test-keys.ts';

const { cloud } = testKeys('cloud');
const LOG = '0123456789abcdef0123456789abcdef';
const at = '2026-01-27T12:00:00.000Z';
const standing = { hostId: cloud.id, logId: LOG, n: 1, chain: firstChain(LOG), digest: EMPTY_DIGEST, at };
const head = signHead(standing, cloud.signer);
const question = { version: FEED_VERSION, logId: LOG, after: 0, waitMs: FEED_QUIET_MS_MAX, seen: head };
const chunk = { kind: 'chunk', entries: Array(FEED_ITEMS_MAX).fill({}), head, more: false };
const page = { kind: 'page', snapshot: 'x'.repeat(64), agents: Array(FEED_ITEMS_MAX).fill({}), head, more: true };
const row = {
  ...{ address: 'puck@x.com', key: 'puck@x.com', agentId: 'p1', agentName: 'puck', hostId: 'cloud', primary: true },
  metadata: Object.fromEntries(Array.from({ length: METADATA_KEYS_MAX }, (_, nth) => [`k${nth}`, 'v'])),
};
const addresses = Array<string>(CHANGED_ADDRESSES_MAX).fill('puck@x.com');
const entry = {
  ...{ n: 1, id: 'e1', event: 'agent.promoted', timestamp: at, sequence: 1 },
  agent: { id: 'p1', name: 'puck', hostId: 'cloud' },
  changes: { added: addresses, removed: [], modified: [], current: [] },
  rows: { put: Array(CHANGED_ADDRESSES_MAX).fill(row), drop: Array(CHANGED_ADDRESSES_MAX).fill('a@x') },
};
const agent = { id: 'p1', name: 'puck', sequence: 0, rows: Array(CHANGED_ADDRESSES_MAX).fill(row) };

const takes = (schema: ZodType, value: unknown) => schema.safeParse(value).success;

describe('the doors of the feed', () => {
  it.each([
    ['a question for news', feedQuestionSchema, question],
    ['a first question', feedQuestionSchema, { version: FEED_VERSION, after: 0, waitMs: 0 }],
    ['a question for a page', snapshotQuestionSchema, { version: FEED_VERSION, snapshot: 'abc', from: 500 }],
    ['a chunk', feedAnswerSchema, chunk],
    ['what is gone', feedAnswerSchema, { kind: 'gone', logId: LOG }],
    ['a page', snapshotAnswerSchema, page],
    ['a snapshot that is gone', snapshotAnswerSchema, { kind: 'gone' }],
    ['an entry', feedEntrySchema, entry],
    ['an agent', snapshotAgentSchema, agent],
  ])('let %s in, as full as it may be', (_, schema, value) => {
    expect(takes(schema, value)).toBe(true);
  });

  it.each([
    ['another version', feedQuestionSchema, { ...question, version: 2 }],
    ['a log id in capitals', feedQuestionSchema, { ...question, logId: LOG.toUpperCase() }],
    ['a place before the first', feedQuestionSchema, { ...question, after: -1 }],
    ['half a place', feedQuestionSchema, { ...question, after: 0.5 }],
    ['a place that no number is exact at', feedQuestionSchema, { ...question, after: 2 ** 53 }],
    ['a longer wait', feedQuestionSchema, { ...question, waitMs: FEED_QUIET_MS_MAX + 1 }],
    ['a wait into the past', feedQuestionSchema, { ...question, waitMs: -1 }],
    ['a proof without its signature', feedQuestionSchema, { ...question, seen: standing }],
    ['a proof with a shorter chain', feedQuestionSchema, { ...question, seen: { ...head, chain: 'abc' } }],
    ['a page before the first', snapshotQuestionSchema, { version: FEED_VERSION, from: -1 }],
    [
      'a longer name of a snapshot',
      snapshotQuestionSchema,
      { version: FEED_VERSION, snapshot: 'x'.repeat(65), from: 0 },
    ],
    ['more entries', feedAnswerSchema, { ...chunk, entries: [...chunk.entries, {}] }],
    ['another kind of answer', feedAnswerSchema, { ...chunk, kind: 'chunks' }],
    ['a chunk without a head', feedAnswerSchema, { ...chunk, head: undefined }],
    ['a head of no host', feedAnswerSchema, { ...chunk, head: { ...head, hostId: '../x' } }],
    ['more agents', snapshotAnswerSchema, { ...page, agents: [...page.agents, {}] }],
    ['a text as an answer', snapshotAnswerSchema, 'gone'],
    ['entry 0', feedEntrySchema, { ...entry, n: 0 }],
    ['an entry without an id', feedEntrySchema, { ...entry, id: '' }],
    ['an entry whose id would end a header', feedEntrySchema, { ...entry, id: 'e1\r\nx-more: 1' }],
    ['an entry whose id no header may hold', feedEntrySchema, { ...entry, id: 'π' }],
    ['an entry whose id has a dot, as what is signed has behind it', feedEntrySchema, { ...entry, id: 'e.1' }],
    ['an entry of no moment', feedEntrySchema, { ...entry, timestamp: 'yesterday' }],
    ['a head of no moment', feedAnswerSchema, { ...chunk, head: { ...head, at: '' } }],
    ['an agent with a line in its name', feedEntrySchema, { ...entry, agent: { ...entry.agent, name: 'a\nb' } }],
    ['an entry of mail, which does not travel', feedEntrySchema, { ...entry, event: 'email.sent' }],
    ['an entry whose event has a line in it', feedEntrySchema, { ...entry, event: 'agent.\ncreated' }],
    ['an entry of no event', feedEntrySchema, { ...entry, event: '' }],
    ['an entry without changes', feedEntrySchema, { ...entry, changes: undefined }],
    ['changes that are no texts', feedEntrySchema, { ...entry, changes: { ...entry.changes, current: [7] } }],
    [
      'more changed addresses',
      feedEntrySchema,
      { ...entry, changes: { ...entry.changes, added: [...addresses, 'a'] } },
    ],
    ['more rows', feedEntrySchema, { ...entry, rows: { ...entry.rows, put: [...entry.rows.put, row] } }],
    ['more rows dropped', feedEntrySchema, { ...entry, rows: { ...entry.rows, drop: [...entry.rows.drop, 'a@x'] } }],
    ['rows without those dropped', feedEntrySchema, { ...entry, rows: { put: [] } }],
    ['an agent without a name', feedEntrySchema, { ...entry, agent: { ...entry.agent, name: '' } }],
    ['an agent whose rows are none', snapshotAgentSchema, { ...agent, rows: [{ address: 'puck@x.com' }] }],
    ['more rows of an agent', snapshotAgentSchema, { ...agent, rows: [...agent.rows, row] }],
    [
      'more metadata than an address may have',
      snapshotAgentSchema,
      { ...agent, rows: [{ ...row, metadata: { ...row.metadata, more: 'v' } }] },
    ],
    [
      'metadata under a name that objects inherit',
      snapshotAgentSchema,
      { ...agent, rows: [{ ...row, metadata: { constructor: 'v' } }] },
    ],
    ['metadata that is no text', snapshotAgentSchema, { ...agent, rows: [{ ...row, metadata: { a: 7 } }] }],
    ['nothing', snapshotAgentSchema, null],
  ])('do not let %s in', (_, schema, value) => {
    expect(takes(schema, value)).toBe(false);
  });

  it('keep members of an entry that are not known here, for the chain covers them', () => {
    const odd = {
      ...{ ...entry, rank: 7, agent: { ...entry.agent, rank: 8 } },
      changes: { ...entry.changes, rank: { of: 9 } },
    };
    expect(feedEntrySchema.parse(odd)).toEqual(odd);
  });

  it('let half a character through as it is, so that a copy has the digest and the chain of its owner', () => {
    const odd = { ...row, metadata: { 'a\ud83d': '\udca1', half: 'v\ud83d' } };
    const told = { ...entry, agent: { ...entry.agent, name: 'p\udfff' }, rows: { put: [odd], drop: [] } };
    const overTheWire = (value: unknown) =>
      parseForeignJson(new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(value))));
    const heard = feedEntrySchema.parse(overTheWire(told));
    const [copied] = snapshotAgentSchema.parse(overTheWire({ ...agent, rows: [odd] })).rows;
    const digestOf = (one: unknown) => changedDigest(EMPTY_DIGEST, [], [one as IndexRow]);
    expect(nextChain(firstChain(LOG), heard)).toBe(nextChain(firstChain(LOG), told as unknown as FeedEntry));
    expect([digestOf(copied), digestOf(heard.rows?.put[0])]).toEqual([digestOf(odd), digestOf(odd)]);
    expect(digestOf({ ...odd, metadata: { 'a\ud83d': '\ufffd', half: 'v\ud83d' } })).not.toBe(digestOf(odd));
  });
});
