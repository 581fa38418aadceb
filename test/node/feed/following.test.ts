// How one host follows another, and what it makes of answers that it does not believe.
import { describe, expect, it } from 'vitest';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../../mesh/feed/limits.ts';
import { FEED_PATH, type SnapshotAgent } from '../../../mesh/feed/messages.ts';
import type { PeerRequest } from '../../../mesh/ports.ts';
import { BUSY_ENTRIES_MIN, FOLLOW_AGAIN_MS_MAX, REFUSED_AGAIN_MS } from '../../../node/feed/asking-turns.ts';
import { FEED_WAIT_MS_MAX } from '../../../node/feed/quiet-wait.ts';
import { cloud, follow, type Pass, rowOf, silent } from '../../support/followed-host.ts';

describe('a host that is followed', () => {
  it('is heard of at once, and is as it was when it last said so', async () => {
    const { clock, put, shown, heard, view, questions, end } = await follow();
    expect(view()).toEqual({ state: 'following', asOf: '2026-01-27T12:00:00.000Z' });
    await put(rowOf('puck@x.com'));
    expect([shown(), await heard()]).toEqual([['puck@x.com'], ['agent.email.changed p1']]);
    await clock.advance(FEED_WAIT_MS_MAX - 1);
    expect(view()?.asOf).toBe('2026-01-27T12:00:00.000Z');
    await clock.advance(1);
    expect(view()?.asOf).toBe('2026-01-27T12:00:25.000Z');
    // Two answers without a wait: that the log is another one, and, after a snapshot, where it stands.
    const [waiting, behind] = [
      { waitMs: FEED_WAIT_MS_MAX, after: 0 },
      { waitMs: FEED_WAIT_MS_MAX, after: 1 },
    ];
    expect(questions()).toMatchObject([{ waitMs: 0, after: 0 }, { waitMs: 0, after: 0 }, waiting, behind, behind]);
    await end();
    expect(clock.sleepers).toBe(1);
  });

  it('is asked again a moment after its news: one change is heard at once, and those that follow it together', async () => {
    const paceMs = 25;
    const { clock, put, shown, questions, end } = await follow(undefined, { paceMs });
    const before = questions().length;
    await put(rowOf('a@x.com'));
    expect([shown(), questions().length]).toEqual([['a@x.com'], before]);
    await put(rowOf('b@x.com'));
    await put(rowOf('c@x.com'));
    await clock.advance(paceMs - 1);
    expect(shown()).toEqual(['a@x.com']);
    await clock.advance(1);
    expect([shown(), questions().length]).toEqual([['a@x.com', 'b@x.com', 'c@x.com'], before + 1]);
    await end();
  });

  it('that is busy is asked again four times as late', async () => {
    const paceMs = 25;
    const { clock, put, shown, state, end } = await follow(undefined, { paceMs });
    state.line = silent;
    await clock.advance(FEED_WAIT_MS_MAX);
    const many = Array.from({ length: BUSY_ENTRIES_MIN }, (_, at) => `a${at}@x.com`);
    for (const address of many) await put(rowOf(address));
    state.line = (_, pass) => pass();
    while (shown().length < many.length) await clock.advance(1);
    await put(rowOf('last@x.com'));
    await clock.advance(4 * paceMs - 1);
    expect(shown()).toEqual(many);
    await clock.advance(1);
    expect(shown()).toEqual([...many, 'last@x.com']);
    await end();
  });

  it('whose news do not fit into one answer is asked on at once', async () => {
    const { clock, put, shown, state, end } = await follow(undefined, { paceMs: 60_000 });
    state.line = silent;
    await clock.advance(FEED_WAIT_MS_MAX);
    const many = Array.from({ length: FEED_ITEMS_MAX + 1 }, (_, at) => `a${at}@x.com`);
    for (const address of many) await put(rowOf(address));
    state.line = (_, pass) => pass();
    await clock.advance(1_500);
    expect(shown()).toHaveLength(many.length);
    await end();
  });

  it('that is silent is asked later each time, and is heard again', async () => {
    const { clock, state, put, shown, view, asked, copies } = await follow();
    state.line = silent;
    await clock.advance(FEED_WAIT_MS_MAX);
    asked.length = 0;
    await clock.advance(120_000);
    expect(view()).toMatchObject({ state: 'silent', why: "Host 'cloud' did not answer." });
    // After 0.5, 1, 2, 4, 8, 16 seconds, and then each half minute.
    expect([asked.length > 6, asked.length < 11]).toEqual([true, true]);
    await put(rowOf('puck@x.com'));
    state.line = (_, pass) => pass();
    await clock.advance(30_000);
    expect([view()?.state, shown()]).toEqual(['following', ['puck@x.com']]);
    expect(copies.head(cloud.id)?.n).toBe(1);
  });

  it('that answers in no known form, or with a refusal, is silent and says so', async () => {
    const { clock, state, view } = await follow();
    state.line = () => ({ status: 503, body: { message: 'Ask again later.' } });
    await clock.advance(FEED_WAIT_MS_MAX);
    expect(view()?.why).toContain('status 503 when it is asked about its log: Ask again later.');
    state.line = () => ({ status: 200, body: { kind: 'chunks' } });
    await clock.advance(60_000);
    expect(view()?.why).toContain('a form that is not known here');
  });

  it('that answers at once with nothing is not asked all the time', async () => {
    const { clock, state, asked } = await follow();
    state.line = (_, pass) => pass({ waitMs: 0 });
    await clock.advance(FEED_WAIT_MS_MAX);
    asked.length = 0;
    await clock.advance(10_000);
    expect([asked.length > 5, asked.length < 13]).toEqual([true, true]);
  });

  it.each([
    [
      'says that its log goes on, and sends nothing of it',
      async (_: PeerRequest, pass: Pass) => {
        const { status, body } = await pass({ waitMs: 0 });
        return { status, body: { ...(body as object), more: true } };
      },
    ],
    [
      'says at every place that it is kept no more',
      () => ({ status: 200, body: { kind: 'gone', logId: 'f'.repeat(32) } }),
    ],
    [
      'shows other addresses than its entries make, also behind a snapshot',
      async (_: PeerRequest, pass: Pass) => {
        const { status, body } = await pass({ waitMs: 0 });
        const { head, ...rest } = body as { readonly head: SignedHead };
        const { signature: __, ...said } = { ...head, digest: 'A'.repeat(43) };
        return { status, body: { ...rest, head: signHead(said, cloud.signer) } };
      },
    ],
  ])('that %s is asked later each time, and is said to be silent', async (_, bend) => {
    const { clock, state, asked, view, put, shown } = await follow();
    await put(rowOf('a@x.com'));
    state.line = (request, pass) => (request.path === FEED_PATH ? bend(request, pass) : pass());
    await clock.advance(FEED_WAIT_MS_MAX);
    const questions = async (ms: number) => {
      asked.length = 0;
      await clock.advance(ms);
      return asked.filter(({ path }) => path === FEED_PATH).length;
    };
    const [first, later] = [await questions(8_000), await questions(10 * FOLLOW_AGAIN_MS_MAX)];
    // After 0.5, 1, 2, 4, 8, 16 seconds, and then each half minute.
    expect([first > 1, first < 6, later > 7, later < 13]).toEqual([true, true, true, true]);
    expect(view()).toMatchObject({ state: 'silent', why: expect.stringMatching(/^Host 'cloud' (says|has)/) });
    state.line = (_request, pass) => pass();
    await clock.advance(2 * FOLLOW_AGAIN_MS_MAX);
    expect([view()?.state, shown()]).toEqual(['following', ['a@x.com']]);
  });
});

describe('a feed that is not believed', () => {
  it('is refused once in the log, asked again with the proof, and followed again when it is mended', async () => {
    const { clock, said, state, put, shown, view, copies, questions } = await follow();
    state.line = async ({ path }, pass) => {
      const { body } = await pass({ waitMs: 0 });
      const chunk = body as { readonly head: object };
      return { status: 200, body: path === FEED_PATH ? { ...chunk, head: { ...chunk.head, n: 7 } } : body };
    };
    await put(rowOf('a@x.com'));
    await put(rowOf('b@x.com'));
    await clock.advance(3 * REFUSED_AGAIN_MS);
    expect(view()).toMatchObject({ state: 'refused', why: "Host 'cloud' did not sign its statement." });
    expect(said.named('feed.refused')).toEqual([
      {
        level: 'error',
        event: 'feed.refused',
        fields: { peer: 'cloud', reason: 'forged', why: "Host 'cloud' did not sign its statement." },
      },
    ]);
    expect(questions().at(-1)).toMatchObject({ waitMs: 0, seen: copies.head(cloud.id) });
    expect(copies.copy.isDoubted(cloud.id)).toBe(true);
    expect(shown()).toEqual(['a@x.com']);
    state.line = (_, pass) => pass();
    await clock.advance(REFUSED_AGAIN_MS);
    expect([view()?.state, shown(), said.named('feed.resumed').length]).toEqual([
      'following',
      ['a@x.com', 'b@x.com'],
      1,
    ]);
    expect(questions().at(-1)).not.toHaveProperty('seen');
    expect(copies.copy.isDoubted(cloud.id)).toBe(false);
  });

  it.each([
    ['an agent twice', (agent: SnapshotAgent) => [agent, agent] as unknown[], 'has an agent twice'],
    ['an address under another agent', (agent: SnapshotAgent) => [{ ...agent, id: 'p2' }], 'under another agent'],
    ['an address under another name', (agent: SnapshotAgent) => [{ ...agent, name: 'robin' }], 'under another agent'],
    ['fewer agents', () => [], 'is not what it signed'],
    ['what is no agent', () => [7], 'where an agent belongs'],
  ])('is refused when its snapshot has %s, and nothing of it is taken in', async (_, bend, why) => {
    const { clock, told, state, put, shown, view } = await follow();
    state.line = silent;
    await clock.advance(FEED_WAIT_MS_MAX);
    await put(rowOf('a@x.com'));
    await told.renew();
    state.line = async ({ path }, pass) => {
      const { body } = await pass();
      const page = body as { readonly agents: readonly SnapshotAgent[] };
      return {
        status: 200,
        body: path === FEED_PATH ? body : { ...page, agents: page.agents.flatMap((agent) => bend(agent) as unknown[]) },
      };
    };
    await clock.advance(40_000);
    expect([view()?.state, shown()]).toEqual(['refused', []]);
    expect(view()?.why).toContain(why);
  });
});
