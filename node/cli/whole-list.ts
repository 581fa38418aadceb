// Lists that the node answers a page at a time.
import type { NodeClient } from './node-client.ts';

/** Reads a whole list: `member` of each page, in their order. `path` may have a query. */
export async function readWholeList<Item>(call: NodeClient, path: string, member: string): Promise<readonly Item[]> {
  const all: Item[] = [];
  const more = path.includes('?') ? '&' : '?';
  for (let page = ''; ; ) {
    const answer = await call('GET', `${path}${page}`);
    all.push(...(answer[member] as readonly Item[]));
    if (answer.nextCursor === undefined) return all;
    page = `${more}cursor=${encodeURIComponent(String(answer.nextCursor))}`;
  }
}
