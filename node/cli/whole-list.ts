// Lists that the node answers a page at a time.
import type { NodeClient } from './node-client.ts';

/** What says where a list goes on: a member of the answer, and the parameter that takes it. */
interface Going {
  readonly token: string;
  readonly parameter: string;
}

const OF_API: Going = { token: 'nextCursor', parameter: 'cursor' };

/** Reads a whole list: `member` of each page, in their order. `path` may have a query. */
export async function readWholeList<Item>(
  call: NodeClient,
  path: string,
  member: string,
  { token, parameter } = OF_API,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  const more = path.includes('?') ? '&' : '?';
  for (let page = ''; ; ) {
    const answer = await call('GET', `${path}${page}`);
    all.push(...(answer[member] as readonly Item[]));
    if (answer[token] === undefined) return all;
    page = `${more}${parameter}=${encodeURIComponent(String(answer[token]))}`;
  }
}
