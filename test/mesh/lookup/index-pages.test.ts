import { describe, expect, it } from 'vitest';
import { INDEX_PAGES_MAX, indexPages } from '../../../mesh/lookup/index-pages.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';

const page = (body: object): PeerAnswer => ({ status: 200, body });

/** Reads an index of which each page is made when it is asked for. */
async function read(answer: (path: string) => PeerAnswer) {
  const asked: [path: string, isFirst: boolean][] = [];
  const names: (readonly string[] | undefined)[] = [];
  const ask = async (path: string, isFirst: boolean) => {
    asked.push([path, isFirst]);
    return answer(path);
  };
  for await (const { members } of indexPages(ask)) names.push(members?.map(([name]) => name));
  return { asked, names };
}

describe('the index of a peer', () => {
  it('is read page by page, each beginning where the one before says', async () => {
    const { asked, names } = await read((path) =>
      path.includes('cursor')
        ? page({ 'c@x.com': {} })
        : page({ 'a@x.com': {}, 'b@x.com': {}, nextCursor: '2026,a&1' }),
    );
    expect(names).toEqual([['a@x.com', 'b@x.com'], ['c@x.com']]);
    expect(asked).toEqual([
      ['/api/agents/email-index?limit=5000', true],
      ['/api/agents/email-index?limit=5000&cursor=2026%2Ca%261', false],
    ]);
  });

  it('is read at once from a host that knows no pages', async () => {
    const { asked, names } = await read(() => page({ 'a@x.com': {}, 'b@x.com': {} }));
    expect([asked.length, names]).toEqual([1, [['a@x.com', 'b@x.com']]]);
  });

  it.each<[string, PeerAnswer]>([
    ['says that it did not change', { status: 304, body: undefined }],
    ['refuses', { status: 500, body: { 'a@x.com': {} } }],
    ['answers no map', { status: 200, body: ['a@x.com'] }],
  ])('ends with a host that %s', async (_, answer) => {
    expect((await read(() => answer)).names).toEqual([undefined]);
  });

  it('ends at a member that only looks like the next page', async () => {
    const { names } = await read(() => page({ nextCursor: { agentId: 'a' } }));
    expect(names).toEqual([['nextCursor']]);
  });

  it('is refused when it never ends', async () => {
    let asked = 0;
    const endless = () => {
      asked += 1;
      return page({ nextCursor: 'again' });
    };
    await expect(read(endless)).rejects.toMatchObject({ code: 'peer_unintelligible' });
    expect(asked).toBe(INDEX_PAGES_MAX);
  });
});
