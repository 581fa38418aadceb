import { describe, expect, it } from 'vitest';
import { KEYS_PER_MESSAGE_MAX } from '../../../mesh/limits.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { Item } from '../../../mesh/register/item.ts';
import {
  CLAIM_ITEMS_FEW,
  CLAIM_ITEMS_QUEUED_MAX,
  CLAIM_MESSAGES_UNDER_WAY_MAX,
  Outbox,
} from '../../../mesh/register/outbox.ts';

const items = (first: number, count: number): Item[] =>
  Array.from({ length: count }, (_, at) => ({
    kind: 'prepare',
    key: `a${first + at}@x.test` as AddressKey,
    n: first + at,
    claiming: true,
  }));

/** An outbox to a peer that answers when the test says so. */
function setUp() {
  const said: { readonly ns: readonly number[]; readonly answer: PromiseWithResolvers<string> }[] = [];
  const unwanted = new Set<number>();
  const heard: unknown[] = [];
  let nowMs = 100;
  const outbox = new Outbox<string>({
    to: 'mini' as HostId,
    clock: { wallMs: () => 0, monotonicMs: () => nowMs, sleep: async () => undefined },
    say: (_, asked) => {
      const answer = Promise.withResolvers<string>();
      said.push({ ns: asked.map(({ n }) => n), answer });
      return answer.promise;
    },
    isWanted: (n) => !unwanted.has(n),
    heard: (from, answer, tookMs) => heard.push([from, answer, tookMs]),
    silent: (from, sinceMs) => heard.push([from, 'silent', sinceMs]),
  });
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { outbox, said, unwanted, heard, settle, pass };
}

describe('what is said to one peer', () => {
  it('leaves in one message when it began together', async () => {
    const { outbox, said, settle } = setUp();
    outbox.push(items(1, 1));
    outbox.push(items(2, 2));
    await settle();
    expect(said.map(({ ns }) => ns)).toEqual([[1, 2, 3]]);
  });

  it('is cut into messages of so many keys, one after the other', async () => {
    const { outbox, said, settle } = setUp();
    outbox.push(items(1, 2 * KEYS_PER_MESSAGE_MAX));
    await settle();
    expect(said.map(({ ns }) => ns.length)).toEqual([KEYS_PER_MESSAGE_MAX]);
    said[0]?.answer.resolve('heard');
    await settle();
    expect(said.length).toBe(2);
  });

  it('does not wait for a message with few items, and gathers behind one with many', async () => {
    const { outbox, said, settle } = setUp();
    outbox.push(items(1, CLAIM_ITEMS_FEW));
    await settle();
    outbox.push(items(11, CLAIM_ITEMS_FEW + 1));
    await settle();
    expect(said.map(({ ns }) => ns.length)).toEqual([CLAIM_ITEMS_FEW, CLAIM_ITEMS_FEW + 1]);
    said[0]?.answer.resolve('heard');
    await settle();
    for (const first of [21, 31]) {
      outbox.push(items(first, 1));
      await settle();
    }
    expect(said).toHaveLength(2);
    said[1]?.answer.reject(new Error('no answer'));
    await settle();
    expect(said[2]?.ns).toEqual([21, 31]);
  });

  it('is under way in so many messages at most, however few items they have', async () => {
    const { outbox, said, settle } = setUp();
    for (let first = 1; first <= CLAIM_MESSAGES_UNDER_WAY_MAX + 1; first += 1) {
      outbox.push(items(first, 1));
      await settle();
    }
    expect(said).toHaveLength(CLAIM_MESSAGES_UNDER_WAY_MAX);
  });

  it('is told of with how long the answer took, or as silence since it was said', async () => {
    const { outbox, said, heard, settle, pass } = setUp();
    outbox.push(items(1, 1));
    await settle();
    pass(7);
    said[0]?.answer.resolve('yes');
    await settle();
    outbox.push(items(2, 1));
    await settle();
    pass(5);
    said[1]?.answer.reject(new Error('no answer'));
    await settle();
    expect(heard).toEqual([
      ['mini', 'yes', 7],
      ['mini', 'silent', 107],
    ]);
  });

  it('is left out when nobody waits for its answer any more', async () => {
    const { outbox, said, unwanted, settle } = setUp();
    outbox.push(items(1, 2));
    unwanted.add(1);
    await settle();
    expect(said.map(({ ns }) => ns)).toEqual([[2]]);
  });

  it('is bounded: what nobody waits for goes first, and what finds no room is not said', async () => {
    const { outbox, said, unwanted, settle } = setUp();
    outbox.push(items(1, CLAIM_ITEMS_QUEUED_MAX));
    outbox.push(items(CLAIM_ITEMS_QUEUED_MAX + 1, 1));
    unwanted.add(1);
    outbox.push(items(CLAIM_ITEMS_QUEUED_MAX + 2, 1));
    await settle();
    for (let at = 0; at < said.length; at += 1) {
      said[at]?.answer.resolve('heard');
      await settle();
    }
    const all = said.flatMap(({ ns }) => ns);
    expect([all.length, all[0], all.at(-1)]).toEqual([CLAIM_ITEMS_QUEUED_MAX, 2, CLAIM_ITEMS_QUEUED_MAX + 2]);
  });
});
