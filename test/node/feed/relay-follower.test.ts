// One relay, of which a test decides what it says, and a host that follows two others through it.
// Longer than 300 lines: each case is a thing that a relay may say, to the one follower that is made here.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import type { RelayAnswer, RelayQuestion } from '../../../mesh/feed/relay-messages.ts';
import { RELAY_WAIT_MS_MAX } from '../../../mesh/feed/relay-messages.ts';
import { type RelayedRun, type Standpoint, standpointsDigest } from '../../../mesh/feed/relayed-runs.ts';
import { COPY_FRESH_MS_MAX } from '../../../mesh/limits.ts';
import type { HostId } from '../../../mesh/names.ts';
import { RELAY_SILENT_MS } from '../../../node/feed/feed-questions.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { RELAY_PACE_MS, RelayFollower } from '../../../node/feed/relay-follower.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { nas, pi } = testKeys('nas', 'pi');
const RELAY = 'cloud' as HostId;
const LOG = 'c'.repeat(32);
const at = '2026-01-27T12:00:00.000Z';

type News = Extract<RelayAnswer, { readonly kind: 'runs' }>;
/** What the relay says to a question; throws for silence. */
type Script = (question: RelayQuestion) => RelayAnswer | Promise<RelayAnswer>;

/** The log of `of` up to entry `n`, as that host signs it. */
function headOf(of: typeof nas, n: number): SignedHead {
  let chain = firstChain(LOG);
  for (let nth = 1; nth <= n; nth += 1) chain = nextChain(chain, { n: nth } as never);
  return signHead({ hostId: of.id, logId: LOG, n, chain, digest: EMPTY_DIGEST, at }, of.signer);
}

const runTo = (head: SignedHead): RelayedRun => ({ entries: [{ n: head.n }], head });
const digestOf = (...heads: readonly SignedHead[]) =>
  standpointsDigest(heads.map(({ hostId, chain }) => [hostId, chain]));

/** `mac` knows the first entry of `nas`, and nothing of `pi`. */
async function follow(script: Script, { isBearing = true, hosts = [nas, pi] } = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const store = new MemoryStore();
  const copies = await HostCopies.open(store, clock);
  const stand = (head: SignedHead) =>
    copies.change(head.hostId, { rows: { put: [], drop: [] }, agents: new Map(), standing: head }).apply();
  stand(headOf(nas, 1));
  const did: string[] = [];
  const state = { script, offered: undefined as SignedHead | undefined };
  const relayee = (id: HostId) => ({
    takeRun: async (run: RelayedRun, relay: HostId) => {
      did.push(`take ${id} ${run.head.n} of ${relay}`);
      stand(run.head);
    },
    ask: () => void did.push(`ask ${id}`),
    confirm: (atMs: number) => void did.push(`confirm ${id} at ${atMs}`),
    offered: state.offered?.hostId === id ? state.offered : undefined,
  });
  const asked: RelayQuestion[] = [];
  const askedMs: number[] = [];
  const silences: (string | undefined)[] = [];
  const follower = new RelayFollower(RELAY, {
    ...{ copies, clock, log, random: { next: () => 0.5 } },
    relayees: () => new Map(hosts.map(({ id }) => [id, relayee(id)])),
    heard: (silence) => silences.push(silence?.code),
    transport: {
      ask: async ({ to, body, answerMsMax }) => {
        expect([to, answerMsMax]).toEqual([RELAY, RELAY_SILENT_MS]);
        asked.push(body as RelayQuestion);
        askedMs.push(clock.monotonicMs());
        return { status: 200, body: await state.script(body as RelayQuestion) };
      },
    },
  });
  follower.bear(isBearing);
  const stop = new AbortController();
  const ended = follower.run(stop.signal);
  await clock.settle();
  return { clock, log, copies, follower, did, asked, askedMs, silences, state, stand, stop, ended };
}

/** News of a relay at position 7 of its log, for which both logs stand where `mac` knows them to stand. */
function news(members: Partial<News> = {}): News {
  return { kind: 'runs', logId: LOG, seq: 7, runs: [], others: [], digest: digestOf(headOf(nas, 1)), ...members };
}

const silent = () => {
  throw new MeshError('peer_silent', 'It did not answer.');
};

describe('a relay that bears', () => {
  it('is told where this host stands and asked how old all is, and from then on how far it was read', async () => {
    const { clock, asked, askedMs } = await follow(() => news({ ages: { ageMs: 0, older: [] } }));
    await clock.advance(RELAY_PACE_MS);
    expect(asked).toEqual([
      {
        ...{ version: 1, scope: 'mesh', runs: true, ages: true, waitMs: 0 },
        // Of `pi` nothing is known.
        places: [['nas', 1, headOf(nas, 1).chain]],
      },
      { version: 1, scope: 'mesh', runs: true, ages: false, waitMs: RELAY_WAIT_MS_MAX, after: { logId: LOG, seq: 7 } },
    ]);
    expect(askedMs).toEqual([0, RELAY_PACE_MS]);
  });

  it('is asked every five seconds how old all is, by a question that does not wait', async () => {
    const { clock, asked, askedMs } = await follow(({ ages }) => news(ages ? { ages: { ageMs: 0, older: [] } } : {}));
    await clock.advance(3 * RELAY_WAIT_MS_MAX);
    const agesMs = askedMs.filter((_, at) => asked[at]?.ages);
    expect(agesMs).toEqual([0, RELAY_WAIT_MS_MAX, 2 * RELAY_WAIT_MS_MAX, 3 * RELAY_WAIT_MS_MAX]);
    expect(asked.filter(({ ages, waitMs }) => ages !== (waitMs === 0))).toEqual([]);
  });

  it('has each run taken in by the host that it is of, and by nobody when it is of another', async () => {
    const { zoe } = testKeys('zoe');
    const heads = [headOf(nas, 2), headOf(pi, 1), headOf(zoe, 1)];
    const { did } = await follow(() => news({ runs: heads.map(runTo), digest: digestOf(...heads) }));
    expect(did).toEqual(['take nas 2 of cloud', 'take pi 1 of cloud']);
  });

  it.each<[string, readonly Standpoint[], readonly string[]]>([
    ['elsewhere than this one knows', [['nas', headOf(nas, 3).chain] as never], ['ask nas']],
    ['where this one knows', [['nas', headOf(nas, 1).chain] as never], []],
    ['nowhere for the relay', [['nas', null] as never], []],
    ['elsewhere, and is not followed', [['zoe', headOf(nas, 3).chain] as never], []],
  ])('has a host asked itself whose log stands %s', async (_, others, expected) => {
    const { did } = await follow(() => news({ others }));
    expect(did).toEqual(expected);
  });

  it('is told anew where this host stands when its log does not go on from there', async () => {
    const { clock, asked, state, silences } = await follow(() => news());
    state.script = () => ({ kind: 'gone' });
    await clock.advance(RELAY_PACE_MS);
    await clock.advance(RELAY_PACE_MS);
    expect(asked.map(({ after }) => after?.seq)).toEqual([undefined, 7, undefined]);
    expect(silences).toEqual([undefined, undefined, undefined]);
  });

  it('that passes on statements of hosts that have nothing is told the places again for those that had no room, which are not asked', async () => {
    const bare: RelayedRun = { entries: [], head: headOf(pi, 0) };
    const { zoe } = testKeys('zoe');
    const others = [[zoe.id, headOf(zoe, 0).chain]] as never;
    const digest = digestOf(headOf(nas, 1), bare.head, headOf(zoe, 0));
    const { clock, asked, did, state } = await follow(() => news({ runs: [bare], others, digest }), {
      hosts: [nas, pi, zoe],
    });
    expect(did).toEqual(['take pi 0 of cloud']);
    state.script = () => news({ others, digest });
    await clock.advance(RELAY_WAIT_MS_MAX - 1);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked[1]).toMatchObject({
      places: [
        ['nas', 1, headOf(nas, 1).chain],
        ['pi', 0, bare.head.chain],
      ],
    });
    expect(did.slice(1)).toEqual(['ask zoe']);
  });

  it('is told where the logs stand of hosts that it offered, though their keys are not known yet', async () => {
    const { clock, asked, state } = await follow(() => ({ kind: 'gone' }));
    state.offered = headOf(pi, 0);
    await clock.advance(RELAY_PACE_MS);
    expect(asked.at(-1)?.places).toEqual([
      ['nas', 1, headOf(nas, 1).chain],
      ['pi', 0, headOf(pi, 0).chain],
    ]);
  });

  it('may know nothing of a log any more, which is no loss', async () => {
    const { clock, asked, state, log } = await follow(() => news());
    state.script = () => news({ seq: 9, others: [['nas', null]] as never, digest: digestOf() });
    await clock.advance(2 * RELAY_PACE_MS);
    expect(asked.map(({ after }) => after?.seq)).toEqual([undefined, 7, 9]);
    expect(log.named('feed.relay_lost_something')).toEqual([]);
  });

  it('is told anew where this host stands when it has lost a run, which is no silence', async () => {
    const { clock, asked, state, silences, log } = await follow(() => news());
    state.script = () => news({ seq: 9, digest: digestOf(headOf(nas, 2)) });
    await clock.advance(RELAY_PACE_MS);
    state.script = () => news({ runs: [runTo(headOf(nas, 2))], digest: digestOf(headOf(nas, 2)) });
    // Not at once: a relay that learns of many logs in a new mesh would be told all places each time.
    await clock.advance(RELAY_WAIT_MS_MAX - 1);
    expect(asked).toHaveLength(2);
    await clock.advance(1);
    await clock.advance(RELAY_PACE_MS);
    expect(asked.map(({ after }) => after?.seq)).toEqual([undefined, 7, undefined, 7]);
    expect(silences).toEqual([undefined, undefined, undefined, undefined]);
    expect(log.named('feed.relay_lost_something')).toMatchObject([{ fields: { relay: RELAY } }]);
  });

  it('is none when it leaves out what it says that it knows, though it was told the places', async () => {
    const { asked, clock, silences, did } = await follow(() =>
      news({ digest: digestOf(headOf(nas, 2)), ages: { ageMs: 0, older: [] } }),
    );
    expect([silences, did]).toEqual([['peer_unintelligible'], []]);
    await clock.advance(RELAY_PACE_MS);
    expect(asked.map(({ after }) => after)).toEqual([undefined, undefined]);
  });

  it('that is silent is asked later each time, and goes on from where it was read', async () => {
    const { clock, asked, askedMs, state, silences } = await follow(() => news());
    state.script = silent;
    await clock.advance(RELAY_PACE_MS + 60_000);
    const restsMs = askedMs.slice(2).map((ms, at) => ms - (askedMs[at + 1] ?? 0));
    expect(restsMs.slice(0, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, RELAY_SILENT_MS, RELAY_SILENT_MS]);
    expect(new Set(silences.slice(1))).toEqual(new Set(['peer_silent']));
    expect(asked.at(-1)?.after).toEqual({ logId: LOG, seq: 7 });
  });

  it('whose answer is of no known form is none, and is told the places next', async () => {
    const { clock, asked, state, silences } = await follow(() => news());
    state.script = () => ({ kind: 'chunk' }) as never;
    await clock.advance(RELAY_PACE_MS);
    state.script = () => news();
    await clock.advance(RELAY_PACE_MS);
    expect(silences).toEqual([undefined, 'peer_unintelligible', undefined]);
    expect(asked.at(-1)?.after).toBeUndefined();
  });
});

describe('a witness', () => {
  it('is asked every five seconds where the logs stand and how old that is, and for no entries', async () => {
    const { clock, asked, askedMs } = await follow(() => news(), { isBearing: false });
    await clock.advance(2 * RELAY_WAIT_MS_MAX);
    expect(askedMs).toEqual([0, RELAY_WAIT_MS_MAX, 2 * RELAY_WAIT_MS_MAX]);
    expect(asked.map(({ runs, ages, waitMs }) => [runs, ages, waitMs])).toEqual(Array(3).fill([false, true, 0]));
    expect(asked.map(({ after }) => after?.seq)).toEqual([undefined, 7, 7]);
  });

  it('has no host asked: what it says may only be ahead of what the other relay has not told yet', async () => {
    const others = [['nas', headOf(nas, 2).chain]] as never;
    const { did } = await follow(() => news({ others, digest: digestOf(headOf(nas, 2)) }), { isBearing: false });
    expect(did).toEqual([]);
  });

  it('that begins to bear is told where this host stands, for it was told of no entries', async () => {
    const { clock, asked, follower } = await follow(() => news(), { isBearing: false });
    follower.bear(true);
    expect(follower.isBearing).toBe(true);
    await clock.advance(RELAY_WAIT_MS_MAX);
    expect(asked.at(-1)).toMatchObject({ runs: true, places: expect.any(Array) });
  });

  it('that began to bear while it was asked is told where this host stands', async () => {
    const answer = Promise.withResolvers<RelayAnswer>();
    const { clock, asked, follower, state } = await follow(() => answer.promise, { isBearing: false });
    follower.bear(true);
    answer.resolve(news());
    state.script = () => news();
    await clock.advance(RELAY_PACE_MS);
    expect(asked.map(({ runs, places }) => [runs, places === undefined])).toEqual([
      [false, false],
      [true, false],
    ]);
  });
});

describe('what a relay says of age', () => {
  it('makes the copy as old as that, counted from the question on', async () => {
    const answer = Promise.withResolvers<RelayAnswer>();
    const { clock, did, state } = await follow(() => answer.promise);
    state.script = () => news();
    await clock.advance(1_000);
    answer.resolve(news({ ages: { ageMs: 300, older: [] } }));
    await clock.settle();
    expect(did).toEqual(['confirm nas at -300']);
  });

  it.each<[string, Partial<News>]>([
    ['a host that it has not heard since its start', { ages: { ageMs: 0, older: [['nas', null]] as never } }],
    [
      'a host whose log stands elsewhere for it',
      {
        ...{ others: [['nas', headOf(nas, 2).chain]] as never, digest: digestOf(headOf(nas, 2)) },
        ages: { ageMs: 0, older: [] },
      },
    ],
    ['any host when it lost a run', { digest: digestOf(headOf(pi, 1)), ages: { ageMs: 0, older: [] } }],
  ])('confirms nothing of %s', async (_, said) => {
    const { clock, did, state } = await follow(() => news());
    did.length = 0;
    state.script = () => news(said);
    await clock.advance(RELAY_WAIT_MS_MAX);
    expect(did.filter((one) => one.startsWith('confirm'))).toEqual([]);
  });

  it('is of a host by its name, where it is older than the others', async () => {
    const { did } = await follow(() => news({ ages: { ageMs: 5, older: [['nas', 31_000]] as never } }));
    expect(did).toEqual(['confirm nas at -31000']);
  });

  it('makes it differ only while it heard the host lately', async () => {
    const said = (ageMs: number) => () =>
      news({
        ...{ others: [['nas', headOf(nas, 2).chain]] as never, digest: digestOf(headOf(nas, 2)) },
        ages: { ageMs: 0, older: [['nas', ageMs]] as never },
      });
    const of = async (script: Script) => (await follow(script, { isBearing: false })).follower;
    expect((await of(said(COPY_FRESH_MS_MAX))).differs(nas.id)).toBe(true);
    expect((await of(said(COPY_FRESH_MS_MAX + 1))).differs(nas.id)).toBe(false);
    expect((await of(said(0))).differs(pi.id)).toBe(false);
    const same = await of(() => news({ ages: { ageMs: 0, older: [] } }));
    expect(same.differs(nas.id)).toBe(false);
  });
});

it('ends between two questions, and with what the store says when that fails', async () => {
  const { stop, ended, clock } = await follow(() => news());
  stop.abort();
  await ended;
  expect(clock.sleepers).toBe(0);
  const failing = await follow(() => news());
  const failed = expect(failing.ended).rejects.toMatchObject({ code: 'store_failed' });
  failing.state.script = () => {
    throw new MeshError('store_failed', 'The disk is full.');
  };
  await failing.clock.advance(RELAY_PACE_MS);
  await failed;
});
