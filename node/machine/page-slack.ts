// Octets of a page of an SQLite database that belong to nothing. SQLite zeroes what is deleted (`secure_delete`), but not what it has moved: where
// the cells of full pages are dealt out anew, the octets of those that go to another page stay between the cells of this one, and nobody ever
// deletes them. Format: sqlite.org/fileformat2.html, sections 1.5 and 1.6.

/** From an octet of the page to the one behind the last. */
export type Slack = readonly [from: number, to: number];

const INTERIOR_INDEX = 2;
const INTERIOR_TABLE = 5;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;
/** In front of the first page's own header. */
const FILE_HEADER_BYTES = 100;
const LEAF_HEADER_BYTES = 8;
const INTERIOR_HEADER_BYTES = 12;
/** A free block begins with the place of the next, and its own size. */
const BLOCK_HEADER_BYTES = 4;
/** So is a place written that two octets can't hold. */
const PLACE_OF_ZERO = 65_536;
/** A page of a file with more may begin as one of a tree does: 128 GiB of pages of 4 KiB. */
export const PAGES_TOLD_MAX = INTERIOR_INDEX * 2 ** 24 - 1;

interface TreePage {
  readonly headerAt: number;
  readonly isLeaf: boolean;
  readonly cells: number;
  /** Where the places of its cells begin. */
  readonly placesAt: number;
}

/**
 * Whether a page belongs to a tree, by itself: all others begin with the number of another page, the first octet of which is less in a file of at
 * most `PAGES_TOLD_MAX`; but for free ones that name none, and the pages of a file that moves its own (`auto_vacuum`).
 */
export function isOfTree(octets: Buffer, page: number): boolean {
  return page === 1 || octets.readUInt8(0) >= INTERIOR_INDEX;
}

/** What is no cell of a page of a tree. Throws an Error where the page says of itself what can't be. `page`: its number. */
export function slackOfTreePage(octets: Buffer, page: number): readonly Slack[] {
  const { headerAt, cells, placesAt } = treePage(octets, page);
  const gap: Slack = [placesAt + 2 * cells, octets.readUInt16BE(headerAt + 5) || PLACE_OF_ZERO];
  const slack = [gap];
  let before = gap[1];
  for (let at = octets.readUInt16BE(headerAt + 1); at !== 0; at = octets.readUInt16BE(at)) {
    if (at < before || at + BLOCK_HEADER_BYTES > octets.length) throw notATree(page);
    before = at + octets.readUInt16BE(at + 2);
    slack.push([at + BLOCK_HEADER_BYTES, before]);
  }
  if (slack.some(([from, to]) => from > to || to > octets.length)) throw notATree(page);
  return slack;
}

/** The pages below a page of a tree; none below a leaf. Throws as `slackOfTreePage` does. */
export function childrenOf(octets: Buffer, page: number): readonly number[] {
  const { headerAt, isLeaf, cells, placesAt } = treePage(octets, page);
  if (isLeaf) return [];
  const left = Array.from({ length: cells }, (_, cell) => octets.readUInt16BE(placesAt + 2 * cell));
  if (left.some((at) => at + BLOCK_HEADER_BYTES > octets.length)) throw notATree(page);
  return [...left.map((at) => octets.readUInt32BE(at)), octets.readUInt32BE(headerAt + LEAF_HEADER_BYTES)];
}

function treePage(octets: Buffer, page: number): TreePage {
  const headerAt = page === 1 ? FILE_HEADER_BYTES : 0;
  const type = octets.readUInt8(headerAt);
  const isLeaf = type === LEAF_INDEX || type === LEAF_TABLE;
  if (!isLeaf && type !== INTERIOR_INDEX && type !== INTERIOR_TABLE) throw notATree(page);
  const cells = octets.readUInt16BE(headerAt + 3);
  const placesAt = headerAt + (isLeaf ? LEAF_HEADER_BYTES : INTERIOR_HEADER_BYTES);
  if (placesAt + 2 * cells > octets.length) throw notATree(page);
  return { headerAt, isLeaf, cells, placesAt };
}

function notATree(page: number): Error {
  return new Error(`Page ${page} of the database is no sound page of a tree.`);
}
