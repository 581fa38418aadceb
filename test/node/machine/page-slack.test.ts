import { describe, expect, it } from 'vitest';
import { childrenOf, isOfTree, PAGES_TOLD_MAX, slackOfTreePage } from '../../../node/machine/page-slack.ts';

const PAGE_BYTES = 512;

interface Drawn {
  readonly type?: number;
  readonly headerAt?: number;
  readonly cells?: readonly number[];
  readonly contentAt?: number;
  /** Free blocks: where they are, and their octets. */
  readonly free?: readonly (readonly [at: number, bytes: number])[];
}

function page({ type = 13, headerAt = 0, cells = [], contentAt = PAGE_BYTES, free = [] }: Drawn = {}): Buffer {
  const octets = Buffer.alloc(PAGE_BYTES);
  octets.writeUInt8(type, headerAt);
  octets.writeUInt16BE(free[0]?.[0] ?? 0, headerAt + 1);
  octets.writeUInt16BE(cells.length, headerAt + 3);
  octets.writeUInt16BE(contentAt, headerAt + 5);
  const placesAt = headerAt + (type < 8 ? 12 : 8);
  for (const [at, cell] of cells.entries()) octets.writeUInt16BE(cell, placesAt + 2 * at);
  for (const [at, [start, bytes]] of free.entries()) {
    octets.writeUInt16BE(free[at + 1]?.[0] ?? 0, start);
    octets.writeUInt16BE(bytes, start + 2);
  }
  return octets;
}

/** A page that says of itself that it has so many. */
function withCells(count: number): Buffer {
  const octets = page();
  octets.writeUInt16BE(count, 3);
  return octets;
}

describe('what belongs to nothing in a page of a tree', () => {
  it('is between the places of its cells and the first of them', () => {
    expect(slackOfTreePage(page(), 2)).toEqual([[8, 512]]);
    expect(slackOfTreePage(page({ cells: [400, 450], contentAt: 400 }), 2)).toEqual([[12, 400]]);
    expect(slackOfTreePage(page({ type: 2, cells: [400], contentAt: 400 }), 2)).toEqual([[14, 400]]);
  });

  it('is behind the header of the file in the first page', () => {
    expect(slackOfTreePage(page({ headerAt: 100, cells: [400], contentAt: 400 }), 1)).toEqual([[110, 400]]);
  });

  it('is in its free blocks, but for where the next is and how large it is', () => {
    const free = [
      [420, 10],
      [480, 32],
    ] as const;
    expect(slackOfTreePage(page({ cells: [400, 450], contentAt: 400, free }), 2)).toEqual([
      [12, 400],
      [424, 430],
      [484, 512],
    ]);
  });

  it.each([
    ['is of no tree', page({ type: 0 })],
    ['has more cells than room', withCells(300)],
    ['has cells that begin before their places end', page({ cells: [400], contentAt: 9 })],
    ['has cells that begin behind it', page({ contentAt: 600 })],
    ['has a free block that ends behind it', page({ contentAt: 400, free: [[500, 40]] })],
    ['has a free block in front of its cells', page({ contentAt: 400, free: [[300, 40]] })],
    ['has a free block that is smaller than what it says of itself', page({ contentAt: 400, free: [[420, 2]] })],
    [
      'has free blocks in no order',
      page({
        contentAt: 400,
        free: [
          [480, 10],
          [420, 10],
        ],
      }),
    ],
  ])('is not judged of one that %s', (_, octets) => {
    expect(() => slackOfTreePage(octets, 7)).toThrow('Page 7 of the database is no sound page of a tree.');
  });
});

describe('a page', () => {
  it.each([2, 5, 10, 13])('of type %i is of a tree, and the first one of the file always', (type) => {
    expect(isOfTree(page({ type }), 7)).toBe(true);
    expect(isOfTree(page({ type: 13, headerAt: 100 }), 1)).toBe(true);
  });

  it('is of none where it begins with the number of another, in every file in which pages are told apart so', () => {
    for (const next of [0, 1, 70_000, 2 ** 24, PAGES_TOLD_MAX]) {
      const octets = Buffer.alloc(PAGE_BYTES, 13);
      octets.writeUInt32BE(next);
      expect(isOfTree(octets, 7), String(next)).toBe(false);
    }
  });
});

describe('the pages below one', () => {
  it('are those left of its cells, and the one on the right', () => {
    const octets = page({ type: 5, cells: [500, 490], contentAt: 490 });
    octets.writeUInt32BE(9, 8);
    octets.writeUInt32BE(70_000, 500);
    octets.writeUInt32BE(8, 490);
    expect(childrenOf(octets, 3)).toEqual([70_000, 8, 9]);
  });

  it('are none below a leaf', () => {
    expect(childrenOf(page({ cells: [400], contentAt: 400 }), 3)).toEqual([]);
  });

  it('are not told of one whose cells lie behind it', () => {
    expect(() => childrenOf(page({ type: 5, cells: [511], contentAt: 490 }), 3)).toThrow('Page 3');
  });
});
