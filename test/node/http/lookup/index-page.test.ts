import { describe, expect, it } from 'vitest';
import { indexPage } from '../../../../node/http/lookup/index-page.ts';
import { AgentTable, indexStored } from '../../../../node/registry/agent-table.ts';
import { EmailIndex } from '../../../../node/registry/email-index.ts';
import { agentOf } from '../../../support/agent-of.ts';
import { rosterOf } from '../../../support/roster-of.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

/** A host with agents that have so many addresses each: `[2, 0]` are `a0-0@x.com`, `a0-1@x.com`, and an agent without any. */
function hostWith(counts: readonly number[]) {
  const index = new EmailIndex({ self: () => rosterOf('mac').self, random: seededRandom(1) });
  const addresses = (agent: number, count: number) => Array.from({ length: count }, (_, at) => `a${agent}-${at}@x.com`);
  const name = (agent: number) => `n${String(agent).padStart(4, '0')}`;
  const agents = counts.map((count, agent) => agentOf(name(agent), addresses(agent, count)));
  for (const agent of agents) indexStored(index, agent);
  const table = new AgentTable(index, agents);
  let visited = 0;
  const agentsFrom: Parameters<typeof indexPage>[1] = (after, limit) => {
    const page = table.page(after, limit);
    visited += page.length;
    return page;
  };
  const page = (limit: number, after?: Parameters<typeof indexPage>[2]['after']) => {
    visited = 0;
    const { nextCursor, ...map } = JSON.parse(indexPage(index, agentsFrom, { after, limit })) as Record<
      string,
      unknown
    >;
    return { addresses: Object.keys(map), nextCursor, visited };
  };
  return { index, table, page };
}

/** All pages, one after the other. */
function allPages({ page, table }: ReturnType<typeof hostWith>, limit: number) {
  const pages = [page(limit)];
  for (;;) {
    const { nextCursor } = pages.at(-1) as ReturnType<typeof page>;
    if (nextCursor === undefined) return pages.map(({ addresses }) => addresses);
    const after = table.list().find((agent) => `${agent.createdAt},${agent.id}` === nextCursor);
    pages.push(page(limit, after));
  }
}

describe('a page of the index', () => {
  it('ends before the agent whose addresses would not fit, and the next one begins with it', () => {
    expect(allPages(hostWith([2, 2, 1]), 3)).toEqual([
      ['a0-0@x.com', 'a0-1@x.com'],
      ['a1-0@x.com', 'a1-1@x.com', 'a2-0@x.com'],
    ]);
  });

  it('holds an agent that has more addresses than may be in it', () => {
    expect(allPages(hostWith([3, 1]), 2)).toEqual([['a0-0@x.com', 'a0-1@x.com', 'a0-2@x.com'], ['a1-0@x.com']]);
  });

  it('is not larger for agents without addresses, and takes no longer', () => {
    const host = hostWith(Array.from({ length: 1_000 }, (_, at) => (at === 999 ? 1 : 0)));
    const { addresses, nextCursor, visited } = host.page(200);
    expect([addresses, typeof nextCursor]).toEqual([[], 'string']);
    expect(visited).toBeLessThanOrEqual(300);
    expect(allPages(host, 200).flat()).toEqual(['a999-0@x.com']);
  });

  it('is all there is when everything fits, and empty where nobody is', () => {
    expect(hostWith([2, 1]).page(3)).toMatchObject({ addresses: { length: 3 }, nextCursor: undefined });
    expect(hostWith([]).page(3)).toMatchObject({ addresses: [], nextCursor: undefined });
  });
});
