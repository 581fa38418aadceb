// The checker itself, on histories whose verdicts were found by hand. Times are milliseconds; without an end: nobody heard it.
import { describe, expect, it } from 'vitest';
import type { Random } from '../../mesh/ports.ts';
import { checkAddress, type RecordedOperation, type RegisterOperation } from '../support/linearizability.ts';
import { overlappingHistory } from '../support/overlapping-history.ts';
import { seededRandom } from '../support/seeded-random.ts';

const at = (operation: RegisterOperation, callMs: number, returnMs?: number): RecordedOperation => ({
  operation,
  callMs,
  ...(returnMs === undefined ? {} : { returnMs }),
});
const won = (claim: string, callMs: number, returnMs: number) => at({ kind: 'won', claim }, callMs, returnMs);
const lost = (owner: string, callMs: number, returnMs: number) => at({ kind: 'lost', owner }, callMs, returnMs);
const tried = (claim: string, callMs: number) => at({ kind: 'tried', claim }, callMs);
const released = (claim: string, callMs: number, returnMs?: number) =>
  at({ kind: 'released', claim }, callMs, returnMs);
const saw = (owner: string | null, callMs: number, returnMs: number) => at({ kind: 'read', owner }, callMs, returnMs);

const GOOD: readonly (readonly [string, readonly RecordedOperation[]])[] = [
  ['nothing happened', []],
  ['nobody has it, and a look-up says so', [saw(null, 0, 1)]],
  ['one claim wins', [won('a', 0, 5)]],
  ['a later claim loses to it', [won('a', 0, 5), lost('a', 6, 9)]],
  ['of two at once the one called later wins', [lost('b', 0, 9), won('b', 1, 8)]],
  ['a look-up during a claim sees nobody', [won('a', 0, 9), saw(null, 1, 2)]],
  ['a look-up during a claim sees it already', [won('a', 0, 9), saw('a', 1, 2)]],
  ['two look-ups during a claim see nobody, then the claim', [won('a', 0, 9), saw(null, 1, 2), saw('a', 3, 4)]],
  ['two look-ups at once see one the claim, one nobody', [won('a', 0, 9), saw('a', 1, 6), saw(null, 2, 5)]],
  ['what was released is claimed anew', [won('a', 0, 1), released('a', 2, 3), won('b', 4, 5)]],
  ['a claim overtakes the release that makes room for it', [won('a', 0, 1), released('a', 2, 9), won('b', 3, 4)]],
  ['a claim loses to one that is being released', [won('a', 0, 1), released('a', 2, 9), lost('a', 3, 8)]],
  [
    'a release without an end may be over at any time',
    [won('a', 0, 1), released('a', 2), lost('a', 5, 6), won('b', 7, 8)],
  ],
  [
    'a release that is repeated leaves the next owner alone',
    [won('a', 0, 1), released('a', 2, 3), won('b', 4, 5), released('a', 6, 7), saw('b', 8, 9)],
  ],
  ['a claim that nobody heard of took effect: another loses to it', [tried('a', 0), lost('a', 5, 6)]],
  ['a claim that nobody heard of never took effect', [tried('a', 0), won('b', 5, 6), lost('b', 7, 8)]],
  [
    'one that nobody heard of took effect, was given up, and another won',
    [tried('a', 0), lost('a', 1, 2), released('a', 3), won('b', 5, 6)],
  ],
  [
    'one that nobody heard of takes effect long after another was released',
    [tried('a', 0), won('b', 1, 2), released('b', 3, 4), saw('a', 9, 10)],
  ],
  [
    'a look-up still sees the old owner while the release is under way',
    [won('a', 0, 1), released('a', 2, 9), saw('a', 3, 4), saw(null, 5, 6)],
  ],
  ['three claims at once: one wins, two lose to it', [won('b', 0, 9), lost('b', 0, 9), lost('b', 0, 9)]],
  [
    'losers are told different owners, one after the other',
    [tried('a', 0), released('a', 0), lost('a', 1, 8), won('b', 1, 9), lost('b', 2, 9)],
  ],
  ['calls and returns at the same moment overlap', [won('a', 0, 5), released('a', 5, 5), won('b', 5, 5)]],
];

const BAD: readonly (readonly [string, readonly RecordedOperation[]])[] = [
  ['a look-up sees an owner that never was', [saw('a', 0, 1)]],
  ['a look-up sees a claim before it was made', [saw('a', 0, 1), won('a', 2, 3)]],
  ['a look-up sees nobody after a claim was acknowledged', [won('a', 0, 1), saw(null, 2, 3)]],
  ['two claims win, one after the other', [won('a', 0, 1), won('b', 2, 3)]],
  ['two claims win at once', [won('a', 0, 9), won('b', 0, 9)]],
  ['a claim loses although nobody has it', [lost('a', 0, 1)]],
  ['a claim loses to one that is made later', [lost('a', 0, 1), won('a', 2, 3)]],
  ['a claim loses to one that was released before', [won('a', 0, 1), released('a', 2, 3), lost('a', 4, 5)]],
  ['an acknowledged claim is lost to another', [won('a', 0, 1), lost('a', 2, 3), won('b', 4, 5), saw('b', 6, 7)]],
  [
    'a look-up goes back to the owner before',
    [won('a', 0, 1), released('a', 2, 9), won('b', 3, 4), saw('b', 5, 6), saw('a', 7, 8)],
  ],
  ['a look-up goes back to nobody during a claim', [won('a', 0, 9), saw('a', 1, 2), saw(null, 3, 4)]],
  ['a release frees the claim of another', [won('a', 0, 1), released('b', 2, 3), saw(null, 4, 5)]],
  [
    'a repeated release frees the next owner',
    [won('a', 0, 1), released('a', 2, 3), won('b', 4, 5), released('a', 6, 7), saw(null, 8, 9)],
  ],
  ['a released claim rises again', [won('a', 0, 1), released('a', 2, 3), saw(null, 4, 5), saw('a', 6, 7)]],
  ['a claim is won twice', [won('a', 0, 1), released('a', 2, 3), won('a', 4, 5), saw(null, 6, 7)]],
  ['a 409 names a claim that nobody made', [won('a', 0, 1), lost('ghost', 2, 3)]],
  [
    'a 409 names a claim that can have held it only before it was called',
    [tried('a', 0), lost('a', 1, 2), released('a', 3, 4), won('b', 5, 6), lost('a', 7, 8)],
  ],
  [
    'one that nobody heard of takes effect twice',
    [tried('a', 0), released('a', 0), saw('a', 1, 2), saw(null, 3, 4), saw('a', 5, 6)],
  ],
  [
    'a look-up sees nobody although the release was not called yet',
    [won('a', 0, 1), saw(null, 2, 3), released('a', 4, 5)],
  ],
  [
    'a claim wins before the release that makes room for it is called',
    [won('a', 0, 1), won('b', 2, 3), released('a', 4, 5)],
  ],
  [
    'of two look-ups at the end one sees another owner',
    [won('a', 0, 1), saw('a', 2, 5), saw('b', 2, 5), tried('b', 0)],
  ],
  [
    'two losers are told owners in an order that no release explains',
    [won('a', 0, 9), tried('b', 0), lost('b', 10, 11), lost('a', 12, 13)],
  ],
];

function draw(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}

/** An operation of one of three claims within twenty milliseconds; some have no end. */
function anyOperation(random: Random): RecordedOperation {
  const claim = `${'abc'[draw(random, 3)]}`;
  const operations: readonly RegisterOperation[] = [
    { kind: 'won', claim },
    { kind: 'lost', owner: claim },
    { kind: 'tried', claim },
    { kind: 'released', claim },
    { kind: 'read', owner: draw(random, 3) === 0 ? null : claim },
  ];
  const operation = operations[draw(random, operations.length)] as RegisterOperation;
  const callMs = draw(random, 10);
  const isOpen = operation.kind === 'tried' || draw(random, 4) === 0;
  return at(operation, callMs, isOpen ? undefined : callMs + draw(random, 8));
}

/** The plain definition: whether some order of those that ended, and of any others, keeps to the times and to one register. */
function someOrderExplains(left: readonly RecordedOperation[], state: string | null = null): boolean {
  if (left.every(({ returnMs }) => returnMs === undefined)) return true;
  const firstReturnMs = Math.min(...left.map(({ returnMs }) => returnMs ?? Infinity));
  return left.some((recorded) => {
    if (recorded.callMs > firstReturnMs) return false;
    const next = stateAfter(state, recorded.operation);
    const others = left.filter((other) => other !== recorded);
    return next !== undefined && someOrderExplains(others, next);
  });
}

function stateAfter(state: string | null, operation: RegisterOperation): string | null | undefined {
  if (operation.kind === 'released') return state === operation.claim ? null : state;
  if (operation.kind === 'lost' || operation.kind === 'read') return state === operation.owner ? state : undefined;
  return state === null ? operation.claim : undefined;
}

describe('the checker', () => {
  it.each(GOOD)('finds an order when %s', (_, history) => {
    for (const turned of [history, [...history].reverse()])
      expect(checkAddress(turned)).toMatchObject({ kind: 'linearizable' });
  });

  it.each(BAD)('finds none when %s', (_, history) => {
    for (const turned of [history, [...history].reverse()])
      expect(checkAddress(turned)).toMatchObject({
        kind: 'violation',
        why: expect.stringContaining('No order explains'),
      });
  });

  it('says so when it ran out of steps, and never lets that pass', () => {
    const many = Array.from({ length: 12 }, (_, index) => [won(`t${index}`, 0, 9), released(`t${index}`, 0)]).flat();
    expect(checkAddress([...many, saw('ghost', 1, 20)], 1_000)).toMatchObject({
      kind: 'exhausted',
      why: expect.stringContaining('25 operations'),
    });
  });

  it('judges short histories as one does who tries every order', () => {
    const random = seededRandom(1);
    const judged = Array.from({ length: 3_000 }, () => {
      const history = Array.from({ length: 2 + draw(random, 5) }, () => anyOperation(random));
      const isExplained = someOrderExplains(history);
      expect(checkAddress(history).kind, JSON.stringify(history)).toBe(isExplained ? 'linearizable' : 'violation');
      return isExplained;
    });
    expect(judged.filter(Boolean).length).toBeGreaterThan(500);
  });

  it('needs little more than a step an operation where twenty clients ask at once, and where one of them lies', () => {
    const history = overlappingHistory(seededRandom(2), 20);
    expect(history.length).toBeGreaterThan(500);
    expect(checkAddress(history, 10 * history.length)).toMatchObject({ kind: 'linearizable' });
    const { operation, returnMs = 0 } = history.find(({ operation: { kind } }) => kind === 'won') as RecordedOperation;
    const lie = saw((operation as { claim: string }).claim, returnMs + 2_000, returnMs + 2_010);
    expect(checkAddress([...history, lie], 10 * history.length)).toMatchObject({ kind: 'violation' });
  });

  it('takes thousands of operations that follow each other in its stride', () => {
    const history = Array.from({ length: 2_000 }, (_, index) => [
      won(`c${index}`, index * 10, index * 10 + 1),
      lost(`c${index}`, index * 10 + 2, index * 10 + 3),
      released(`c${index}`, index * 10 + 4, index * 10 + 5),
    ]).flat();
    expect(checkAddress(history)).toEqual({ kind: 'linearizable', steps: 6_000 });
  });
});
