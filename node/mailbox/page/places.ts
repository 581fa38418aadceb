// Where the pages of inboxes are, and where a list goes on.
import type { ListPlace } from '../list.ts';
import type { SearchPlace } from '../search-question.ts';

export const PATH = '/page/mailbox';

/** Patterns of routes. */
export const INBOX_ROUTE = `${PATH}/inboxes/:inbox`;
export const THREAD_ROUTE = `${INBOX_ROUTE}/threads/:thread`;
export const MESSAGE_ROUTE = `${INBOX_ROUTE}/messages/:message`;
export const DRAFT_ROUTE = `${INBOX_ROUTE}/drafts/:draft`;

export function pathTo(...segments: readonly string[]): string {
  return [PATH, ...segments.map(encodeURIComponent)].join('/');
}

export const inboxPath = (inboxId: string, ...more: readonly string[]) => pathTo('inboxes', inboxId, ...more);
export const threadPath = (inboxId: string, threadId: string) => inboxPath(inboxId, 'threads', threadId);
export const messagePath = (inboxId: string, messageId: string, ...more: readonly string[]) =>
  inboxPath(inboxId, 'messages', messageId, ...more);
export const draftPath = (inboxId: string, draftId: string, ...more: readonly string[]) =>
  inboxPath(inboxId, 'drafts', draftId, ...more);

/** `cursor`: as `cursorOf` wrote it; anything else is the beginning. */
export function placeAt(cursor: string): ListPlace | undefined {
  const [atMs, row] = numbersIn(cursor, 2);
  return atMs === undefined || row === undefined ? undefined : { atMs, row };
}

export function cursorOf(place: ListPlace | undefined): string | undefined {
  return place && `${place.atMs}.${place.row}`;
}

/** `cursor`: as `searchCursorOf` wrote it; anything else is the beginning. */
export function searchPlaceAt(cursor: string): SearchPlace | undefined {
  const [top, high, low, seen, last] = numbersIn(cursor, 5);
  if (top === undefined || high === undefined || low === undefined || seen === undefined || last === undefined)
    return undefined;
  return { top, high, low, seen, last };
}

export function searchCursorOf(place: SearchPlace | undefined): string | undefined {
  return place && [place.top, place.high, place.low, place.seen, place.last].join('.');
}

function numbersIn(cursor: string, count: number): readonly number[] {
  const parts = cursor.split('.');
  return parts.length === count && parts.every((part) => /^\d{1,16}$/.test(part)) ? parts.map(Number) : [];
}
