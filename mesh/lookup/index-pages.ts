// A peer's whole index, read page by page: neither side has to hold all of it at once, and it may be larger than one answer can be. A page is a map
// as the whole is, and says where the next one begins. A host of an earlier version knows no pages: it answers everything, and says nothing of a
// next one. What changes between two pages may be seen or not, as between two questions.
import { MeshError } from '../errors.ts';
import type { JsonMember, PeerAnswer } from '../ports.ts';
import { EMAIL_INDEX_PATH, membersOf } from './index-entry.ts';

/** Addresses in one page of an index, and how many pages of one are read: for ten million addresses. */
export const INDEX_PAGE_ENTRIES_MAX = 5_000;
export const INDEX_PAGES_MAX = 2_000;

/** The member of a page that is none of its addresses, for it has no @. Its value is the `cursor` of the next page. */
export const NEXT_CURSOR = 'nextCursor';

/** Asks for a page. `isFirst`: what is known of an earlier version of the index may be named. */
export type AskPage<Answer> = (path: string, isFirst: boolean) => Promise<Answer>;

/** One answer, and the entries in it. `members` is absent where the answer is no page: it is the last one then. */
export interface IndexPage<Answer> {
  readonly answer: Answer;
  readonly members?: readonly JsonMember[];
}

/** Yields one page after the other. Rejects as `ask` does, and with `peer_unintelligible` for pages without an end. */
export async function* indexPages<Answer extends PeerAnswer>(
  ask: AskPage<Answer>,
): AsyncGenerator<IndexPage<Answer>, void, void> {
  let path = pagePath(undefined);
  for (let page = 0; page < INDEX_PAGES_MAX; page += 1) {
    const answer = await ask(path, page === 0);
    const all = answer.status === 200 ? membersOf(answer) : undefined;
    if (all === undefined) return yield { answer };
    const cursor = cursorIn(all);
    yield { answer, members: cursor === undefined ? all : all.slice(0, -1) };
    if (cursor === undefined) return;
    path = pagePath(cursor);
  }
  throw new MeshError('peer_unintelligible', `Its index has more than ${INDEX_PAGES_MAX} pages.`);
}

/** The place of the next page, which is the last member. */
function cursorIn(members: readonly JsonMember[]): string | undefined {
  const [name, value] = members.at(-1) ?? [];
  return name === NEXT_CURSOR && typeof value === 'string' ? value : undefined;
}

function pagePath(cursor: string | undefined): string {
  const path = `${EMAIL_INDEX_PATH}?limit=${INDEX_PAGE_ENTRIES_MAX}`;
  return cursor === undefined ? path : `${path}&cursor=${encodeURIComponent(cursor.toWellFormed())}`;
}
