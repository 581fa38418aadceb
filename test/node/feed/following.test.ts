// One host follows another in virtual time: the product's server, followers, copies and logs, and a line between them that a test bends.
import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX, FEED_WAIT_MS_MAX } from '../../../mesh/feed/limits.ts';
import {
  FEED_PATH,
  type FeedQuestion,
  feedQuestionSchema,
  type SnapshotAgent,
  snapshotQuestionSchema,
} from '../../../mesh/feed/messages.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import { EMAIL_INDEX_PATH } from '../../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import type { PeerAnswer, PeerRequest } from '../../../mesh/ports.ts';
import type { Roster } from '../../../mesh/roster.ts';
import { FeedServer } from '../../../node/feed/feed-server.ts';
import { Followers } from '../../../node/feed/followers.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { FOLLOW_AGAIN_MS_MAX, GONE_LOOK_MS, LEGACY_READ_MS, REFUSED_AGAIN_MS } from '../../../node/feed/limits.ts';
import { aRow, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { cloud } = testKeys('cloud');
const puck = 'p1' as AgentId;

const rowOf = (address: string, members: Partial<IndexRow> = {}) =>
  aRow(address, { hostId: cloud.id, agentId: puck, agentName: 'puck', ...members });

/** What becomes of a question; `pass` has `cloud` answer it, with some members of it changed. */
type Line = (request: PeerRequest, pass: Pass) => Promise<PeerAnswer> | PeerAnswer;
type Pass = (change?: object) => Promise<PeerAnswer>;

/** `cloud` as it is followed, and `mac` which follows it. */
async function follow(line: Line = (_, pass) => pass(), { paceMs = 0 } = {}) {
  const clock = new VirtualClock();
  const said = new RecordingLog();
  const { changes: told } = await openTestLog({ clock, seed: 2 });
  const agents = new Map<AgentId, SnapshotAgent>();
  const server = new FeedServer({
    ...{
      hostId: cloud.id,
      log: new RecordingLog(),
      changes: told,
      signer: cloud.signer,
      clock,
      index: () => '"1"',
      random: seededRandom(4),
    },
    agents: () => [...agents.values()].map((agent) => ({ read: () => agent })),
  });
  const { changes, store } = await openTestLog({ clock });
  const copies = await HostCopies.open(store, clock);
  const state = {
    line,
    roster: rosterOf('mac', 'cloud') as Roster,
    isLegacy: false,
    isMember: false,
  };
  const asked: PeerRequest[] = [];
  const followers = new Followers({
    ...{ changes, copies, clock, log: said, random: { next: () => 0.5 }, parseAddress: parseIdentityAddress },
    roster: () => state.roster,
    transport: {
      ask: (request, signal) => {
        asked.push(request);
        const silent = Promise.withResolvers<never>();
        signal?.addEventListener('abort', () => silent.reject(new MeshError('peer_silent', 'Nobody waits.')));
        silent.promise.catch(nothing);
        const pass: Pass = async (change) => {
          const body = { ...structuredClone(request.body as object), ...change };
          const answer =
            request.path === FEED_PATH
              ? await server.answer(feedQuestionSchema.parse(body), new AbortController().signal)
              : server.snapshot(snapshotQuestionSchema.parse(body));
          return { status: 200, body: answer };
        };
        return Promise.race([state.line(request, pass), silent.promise]);
      },
    },
    keyOf: (id: HostId) => testKeys(id)[id]?.key,
    isLegacy: () => state.isLegacy,
    voters: () => [],
    isMember: () => state.isMember,
    paceMs,
  });
  const stop = new AbortController();
  const ended = followers.run(stop.signal);
  const put = async (row: IndexRow) => {
    const known = agents.get(row.agentId)?.rows ?? [];
    const rows = { put: [row], drop: [] };
    const replaced = known.filter(({ key }) => key === row.key);
    await told.append([ownEntry(told.ownHead.n + 1, { ...aboutOf(row), rows, replaced })], [], nothing);
    const kept = known.filter(({ key }) => key !== row.key);
    agents.set(row.agentId, { id: row.agentId, name: row.agentName, sequence: told.ownHead.n, rows: [...kept, row] });
    await clock.settle();
  };
  const questions = () => asked.filter(({ path }) => path === FEED_PATH).map(({ body }) => body as FeedQuestion);
  const heard = async () => (await changes.read(0, 1_000)).map(({ event, agent }) => `${event} ${agent.id}`);
  const shown = () => [...copies.copy.ofHost(cloud.id)].map(({ address }) => address).sort();
  const view = () => followers.viewOf(cloud.id);
  const end = () => {
    stop.abort();
    return ended;
  };
  await clock.settle();
  return {
    ...{ clock, said, told, agents, server, changes, store, copies, state, asked },
    followers,
    put,
    questions,
    heard,
    shown,
    view,
    end,
  };
}

const aboutOf = ({ agentId, agentName }: IndexRow) => ({
  event: 'agent.email.changed' as const,
  agent: { id: agentId, name: agentName, hostId: cloud.id },
});

const silent: Line = () => Promise.reject(new MeshError('peer_silent', "Host 'cloud' did not answer."));

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

describe('hosts.json, edited while the host runs', () => {
  it('begins with a host that is new, and ends with one that is gone', async () => {
    const { clock, state, followers, put, shown, view, asked, end } = await follow();
    state.roster = rosterOf('mac');
    followers.edited();
    await clock.settle();
    expect(view()).toBeUndefined();
    asked.length = 0;
    await put(rowOf('a@x.com'));
    expect([asked, shown()]).toEqual([[], []]);
    state.roster = rosterOf('mac', 'cloud');
    followers.edited();
    await clock.settle();
    expect([view()?.state, shown()]).toEqual(['following', ['a@x.com']]);
    await end();
  });

  it('takes no chunk twice when a host has moved while one is in hand', async () => {
    const { clock, state, followers, store, put, shown, heard, said, asked } = await follow();
    store.stall();
    await put(rowOf('a@x.com'));
    const before = asked.length;
    const { self, peers } = state.roster;
    const moved = peers.map((host) => ({ ...host, url: 'http://elsewhere.example:1' }));
    state.roster = { ...state.roster, self, peers: moved };
    followers.edited();
    await clock.settle();
    expect(asked.length).toBe(before);
    store.resume();
    await clock.settle();
    expect([shown(), await heard(), said.events]).toEqual([['a@x.com'], ['agent.email.changed p1'], []]);
    expect(asked.length).toBeGreaterThan(before);
  });

  it.each([
    ['is told of as deleted when no member any more', false, []],
    ['stays in the copy while it is a member', true, ['a@x.com']],
  ])('whose host is gone: it %s', async (_, isMember, left) => {
    const { clock, state, followers, put, shown, heard, store } = await follow();
    await put(rowOf('a@x.com'));
    state.roster = rosterOf('mac');
    state.isMember = isMember;
    followers.edited();
    await clock.advance(2 * GONE_LOOK_MS);
    expect(shown()).toEqual(left);
    expect(await heard()).toEqual([
      'agent.email.changed p1',
      ...(isMember ? [] : ['agent.email.changed p1', 'agent.deleted p1']),
    ]);
    expect([...store.snapshot().keys()].some((key) => key.startsWith('feed/head/'))).toBe(isMember);
  });
});

describe('a host that only serves the look-up', () => {
  const entry = { agentId: 'p1', agentName: 'puck', hostId: 'cloud', hostUrl: 'http://x', primary: true };
  const index = (...addresses: readonly string[]) => Object.fromEntries(addresses.map((address) => [address, entry]));

  async function read() {
    const followed = await follow();
    const { clock, state } = followed;
    const legacy = { answer: { status: 200, body: index('a@x.com', 'b@x.com'), etag: '"1"' } as PeerAnswer };
    state.isLegacy = true;
    state.line = () => legacy.answer;
    await clock.advance(FEED_WAIT_MS_MAX + LEGACY_READ_MS);
    return { ...followed, legacy };
  }

  it('has its index read once a minute: what differs is put, and nothing is told of or kept on disk', async () => {
    const { clock, legacy, copies, store, asked, shown, heard, view } = await read();
    expect([shown(), view()?.state]).toEqual([['a@x.com', 'b@x.com'], 'following']);
    expect(asked.at(-1)).toMatchObject({ path: EMAIL_INDEX_PATH, headers: { 'If-None-Match': '"1"' } });
    const { version } = copies.copy;
    await clock.advance(LEGACY_READ_MS);
    expect(copies.copy.version).toBe(version);
    legacy.answer = { status: 200, body: index('b@x.com', 'c@x.com') };
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), copies.copy.version]).toEqual([['b@x.com', 'c@x.com'], version + 2]);
    expect([await heard(), [...store.snapshot().keys()].filter((key) => key.startsWith('feed/row'))]).toEqual([[], []]);
  });

  it('is as it was when it says that nothing changed', async () => {
    const { clock, legacy, shown, view } = await read();
    legacy.answer = { status: 304, body: undefined };
    const before = view()?.asOf;
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.asOf === before]).toEqual([['a@x.com', 'b@x.com'], false]);
  });

  it('keeps its copy while it is silent or answers something else, and says so', async () => {
    const { clock, legacy, state, shown, view } = await read();
    legacy.answer = { status: 500, body: 'oops' };
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.why]).toEqual([['a@x.com', 'b@x.com'], "Host 'cloud' answers no email index."]);
    state.line = silent;
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.state]).toEqual([['a@x.com', 'b@x.com'], 'silent']);
  });

  it('that is gone for good is forgotten, and nobody hears of agents of which nobody had heard', async () => {
    const { clock, state, followers, shown, heard } = await read();
    state.roster = rosterOf('mac');
    followers.edited();
    await clock.advance(2 * GONE_LOOK_MS);
    expect([shown(), await heard()]).toEqual([[], []]);
  });

  it('that turns out to have a log is followed: all of it is told of, and kept on disk', async () => {
    const { clock, state, put, shown, heard, store } = await read();
    await put(rowOf('a@x.com'));
    state.isLegacy = false;
    state.line = (_, pass) => pass();
    await clock.advance(LEGACY_READ_MS * 1.5);
    expect([shown(), await heard()]).toEqual([['a@x.com'], ['agent.created p1', 'agent.email.changed p1']]);
    const again = await HostCopies.open(new MemoryStore({ disk: store.snapshot() }), clock);
    expect([...again.copy.ofHost(cloud.id)]).toEqual([rowOf('a@x.com')]);
  });

  it('that had a log is read: what was heard of it is told to its end, and kept on disk no more', async () => {
    const { clock, state, put, shown, store, heard } = await follow();
    await put(rowOf('old@x.com'));
    state.isLegacy = true;
    state.line = () => ({ status: 200, body: index('a@x.com') });
    await clock.advance(2 * LEGACY_READ_MS);
    const told = ['agent.email.changed p1', 'agent.email.changed p1', 'agent.deleted p1'];
    expect([shown(), await heard()]).toEqual([['a@x.com'], told]);
    const kept = [...store.snapshot().keys()].filter((key) => key.startsWith('feed/'));
    expect(kept).toEqual(['feed/left/cloud']);
  });
});
