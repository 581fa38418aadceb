// Which relays a host has, which of them bears, and what it asks of a host itself. Relays here are scripts.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { signHead } from '../../../mesh/feed/head.ts';
import type { RelayAnswer, RelayQuestion } from '../../../mesh/feed/relay-messages.ts';
import { standpointsDigest } from '../../../mesh/feed/relayed-runs.ts';
import { COPY_FRESH_MS_MAX } from '../../../mesh/limits.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { RELAY_PACE_MS } from '../../../node/feed/relay-follower.ts';
import {
  FIRST_RELAY_QUESTION_GAP_MS,
  RELAY_LOOK_MS,
  RELAY_SILENCE_KEPT_MS,
  Relays,
} from '../../../node/feed/relays.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const VOTERS = ['cloud', 'lab', 'pi'] as HostId[];
const { nas } = testKeys('nas');
const LOG = 'c'.repeat(32);
const at = '2026-01-27T12:00:00.000Z';
const headOf = (logId: string) =>
  signHead({ hostId: nas.id, logId, n: 0, chain: firstChain(logId), digest: EMPTY_DIGEST, at }, nas.signer);
const { chain } = headOf(LOG);

type Script = (question: RelayQuestion) => PeerAnswer;

const says = (body: RelayAnswer): PeerAnswer => ({ status: 200, body });
const news = { kind: 'runs', logId: LOG, seq: 7, runs: [] } as const;
const knowsNas: Script = ({ ages }) =>
  says({
    ...{ ...news, others: [], digest: standpointsDigest([[nas.id, chain]]) },
    ...(ages ? { ages: { ageMs: 0, older: [] } } : {}),
  });
const silent: Script = () => {
  throw new MeshError('peer_silent', 'It did not answer.');
};
/** What a version answers that knows of no relays. */
const knowsNoRelays: Script = () => ({
  status: 400,
  body: { error: 'invalid_request', message: "'after' is needed." },
});

/** `mac`, which does not vote, in a mesh with three voters and `nas`, whose log it knows. */
async function meshOf(
  scripts: Partial<Record<string, Script>> = {},
  { isVoter = false, followedByAllMax = 2, isForming = false } = {},
) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const copies = await HostCopies.open(new MemoryStore(), clock);
  const standing = headOf(LOG);
  copies.change(nas.id, { rows: { put: [], drop: [] }, agents: new Map(), standing }).apply();
  const asked: (readonly [relay: HostId, RelayQuestion])[] = [];
  const did: string[] = [];
  const state = { scripts, isForming };
  const self = 'mac' as HostId;
  const relays: Relays = new Relays({
    ...{ hostId: self, clock, log, copies, random: { next: () => 0.5 }, followedByAllMax },
    hosts: () => [...VOTERS, nas.id],
    isForming: () => state.isForming,
    voters: () => (isVoter ? [...VOTERS, self] : VOTERS),
    relayees: () =>
      new Map([
        [
          nas.id,
          {
            takeRun: async () => undefined,
            ask: () => void did.push(`ask at ${clock.monotonicMs()}`),
            offered: undefined,
            confirm: (atMs: number) => copies.copy.confirm(nas.id, atMs),
          },
        ],
      ]),
    switched: () => void did.push(relays.isOn ? 'on' : 'off'),
    transport: {
      ask: async ({ to, body }) => {
        asked.push([to, body as RelayQuestion]);
        return (state.scripts[to] ?? knowsNas)(body as RelayQuestion);
      },
    },
  });
  const stop = new AbortController();
  const ended = relays.run(stop.signal);
  await clock.settle();
  /** Who was asked for entries, and who where the logs stand, within the next `ms`. */
  const askedWithin = async (ms: number) => {
    asked.length = 0;
    await clock.advance(ms);
    const of = (wantsRuns: boolean) => [
      ...new Set(asked.filter(([, { runs }]) => runs === wantsRuns).map(([to]) => to)),
    ];
    return { bearing: of(true), witness: of(false) };
  };
  return { clock, log, copies, relays, asked, did, state, stop, ended, askedWithin };
}

/** Two of the voters, the better one first. */
async function chosen(): Promise<readonly [HostId, HostId, HostId]> {
  const { askedWithin } = await meshOf();
  const { bearing, witness } = await askedWithin(RELAY_LOOK_MS);
  const [[best], [second]] = [bearing, witness];
  const third = VOTERS.find((voter) => voter !== best && voter !== second);
  if (best === undefined || second === undefined || third === undefined) throw new Error('Two relays are chosen.');
  return [best, second, third];
}

describe('a host in a large mesh', () => {
  it('has two of the voters as relays: one bears, and one is a witness', async () => {
    const { relays, did, askedWithin } = await meshOf();
    const { bearing, witness } = await askedWithin(2 * RELAY_LOOK_MS);
    expect([bearing.length, witness.length, relays.isOn, did]).toEqual([1, 1, true, ['on']]);
    expect(bearing).not.toEqual(witness);
  });

  it.each([
    ['it votes', { isVoter: true }],
    ['the mesh is small after all', { followedByAllMax: 9 }],
  ])('has none where %s', async (_, options) => {
    const { relays, did, clock, asked } = await meshOf({}, options);
    await clock.advance(COPY_FRESH_MS_MAX + 2 * RELAY_LOOK_MS);
    expect([relays.isOn, did, asked]).toEqual([false, [], []]);
  });

  it('has none before the mesh has formed, and asks nobody itself because of that', async () => {
    const { relays, did, asked, clock, state, askedWithin } = await meshOf({}, { isForming: true });
    await clock.advance(COPY_FRESH_MS_MAX + 2 * RELAY_LOOK_MS);
    expect([relays.isOn, did, asked]).toEqual([true, ['on'], []]);
    state.isForming = false;
    expect((await askedWithin(2 * RELAY_LOOK_MS)).bearing).toHaveLength(1);
  });

  it('asks its relays for the first time within a while, where the mesh formed just now: so do all others', async () => {
    const forming = await meshOf({}, { isForming: true });
    await forming.clock.advance(RELAY_LOOK_MS);
    forming.state.isForming = false;
    await forming.clock.advance(RELAY_LOOK_MS);
    expect(forming.asked).toEqual([]);
    // `random` is a half.
    const spreadMs = FIRST_RELAY_QUESTION_GAP_MS * (VOTERS.length + 1);
    await forming.clock.advance(spreadMs / 2);
    expect(forming.asked).toHaveLength(2);
    const formed = await meshOf();
    expect(formed.asked).toHaveLength(2);
  });

  it('replaces a silent relay by the next for a minute, and says so once', async () => {
    const [best, second, third] = await chosen();
    const { state, log, askedWithin } = await meshOf();
    state.scripts = { [best]: silent };
    await askedWithin(RELAY_LOOK_MS);
    expect(await askedWithin(RELAY_LOOK_MS)).toEqual({ bearing: [second], witness: [third] });
    expect(log.named('feed.relay_silent')).toMatchObject([{ fields: { relay: best, why: 'It did not answer.' } }]);
    state.scripts = {};
    await askedWithin(RELAY_SILENCE_KEPT_MS);
    // Who bears goes on to: the better one is a witness.
    expect(await askedWithin(2 * RELAY_LOOK_MS)).toEqual({ bearing: [second], witness: [best] });
  });

  it('asks a host itself that no relay has heard for longer than a copy is fresh, at each look', async () => {
    const unheard: Script = (question) => {
      const { body } = knowsNas(question);
      const older: [HostId, null][] = [[nas.id, null]];
      return says({ ...(body as typeof news & RelayAnswer), ages: { ageMs: 0, older } } as RelayAnswer);
    };
    const { did, clock } = await meshOf(Object.fromEntries(VOTERS.map((voter) => [voter, unheard])));
    await clock.advance(COPY_FRESH_MS_MAX + 2 * RELAY_LOOK_MS);
    expect(did).toEqual([
      'on',
      `ask at ${COPY_FRESH_MS_MAX + RELAY_LOOK_MS}`,
      `ask at ${COPY_FRESH_MS_MAX + 2 * RELAY_LOOK_MS}`,
    ]);
  });

  it('asks a host itself of which its witness says something else at two looks in a row', async () => {
    const [, second] = await chosen();
    const other = firstChain('d'.repeat(32));
    const differs: Script = ({ ages }) =>
      says({
        ...{ ...news, others: [[nas.id, other]], digest: standpointsDigest([[nas.id, other]]) },
        ...(ages ? { ages: { ageMs: 0, older: [] } } : {}),
      });
    const { did, clock, state } = await meshOf({ [second]: differs });
    await clock.advance(RELAY_LOOK_MS);
    expect(did).toEqual(['on']);
    await clock.advance(RELAY_LOOK_MS);
    expect(did).toEqual(['on', `ask at ${2 * RELAY_LOOK_MS}`]);
    state.scripts = {};
    await clock.advance(2 * RELAY_LOOK_MS);
    did.length = 0;
    await clock.advance(4 * RELAY_LOOK_MS);
    expect(did).toEqual([]);
  });

  it('ends its relays with itself, and fails with the store', async () => {
    const { clock, stop, ended } = await meshOf();
    stop.abort();
    await clock.settle();
    await ended;
    expect(clock.sleepers).toBe(0);
    const failing = await meshOf();
    const failed = expect(failing.ended).rejects.toMatchObject({ code: 'store_failed' });
    const full: Script = () => {
      throw new MeshError('store_failed', 'The disk is full.');
    };
    failing.state.scripts = Object.fromEntries(VOTERS.map((voter) => [voter, full]));
    await failing.clock.advance(RELAY_LOOK_MS);
    await failed;
    expect(failing.clock.sleepers).toBe(0);
  });
});

describe('a voter of a version that knows of no relays', () => {
  it('is replaced by the next', async () => {
    const [best, second, third] = await chosen();
    const { askedWithin, relays } = await meshOf({ [best]: knowsNoRelays });
    await askedWithin(RELAY_LOOK_MS);
    expect(await askedWithin(2 * RELAY_LOOK_MS)).toEqual({ bearing: [second], witness: [third] });
    expect(relays.isOn).toBe(true);
  });

  it('leaves the relay alone that is one, where there is no other', async () => {
    const [best, second, third] = await chosen();
    const { askedWithin, relays } = await meshOf({ [best]: knowsNoRelays, [second]: knowsNoRelays });
    await askedWithin(RELAY_LOOK_MS);
    expect(await askedWithin(2 * RELAY_LOOK_MS)).toEqual({ bearing: [third], witness: [] });
    expect(relays.isOn).toBe(true);
  });

  it.each([429, 500, 503])(
    'is none that answers with status %i: everybody would have more to do at once',
    async (status) => {
      const busy: Script = () => ({ status, body: { error: 'overloaded', message: 'Too much at once.' } });
      const { clock, relays } = await meshOf(Object.fromEntries(VOTERS.map((voter) => [voter, busy])));
      await clock.advance(2 * RELAY_LOOK_MS);
      expect(relays.isOn).toBe(true);
    },
  );

  it('has everybody followed where all are such, until one is a relay', async () => {
    const { clock, did, relays, state, askedWithin } = await meshOf(
      Object.fromEntries(VOTERS.map((voter) => [voter, knowsNoRelays])),
    );
    await clock.advance(RELAY_LOOK_MS);
    expect([relays.isOn, did]).toEqual([false, ['on', 'off']]);
    // Each is asked once in a minute whether it is one by now.
    await askedWithin(RELAY_SILENCE_KEPT_MS - 2 * RELAY_LOOK_MS);
    expect((await askedWithin(RELAY_PACE_MS)).bearing).toEqual([]);
    state.scripts = {};
    await clock.advance(RELAY_SILENCE_KEPT_MS);
    expect([relays.isOn, did.at(-1)]).toEqual([true, 'on']);
  });
});
