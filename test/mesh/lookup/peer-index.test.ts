import { describe, expect, it } from 'vitest';
import { parseAnyAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { ANSWER_MS_MAX } from '../../../mesh/limits.ts';
import type { KeyedAddress, Question } from '../../../mesh/lookup/index-entry.ts';
import { askPeer, BUSY_AGAIN_MS, isNarrow, LOOKUP_ENTRIES_MAX } from '../../../mesh/lookup/peer-index.ts';
import type { AgentId } from '../../../mesh/names.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';
import { addressOf } from '../../support/agent-of.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { type PeerScript, ScriptedPeers, says, wireEntry } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ABOUT_ONE: Question = { address: addressOf('titania@x.com') };
const ABOUT_AGENT: Question = { agentId: 'id-titania' as AgentId };
const ENTRY = wireEntry('cloud', 'titania');
const [CLOUD] = rosterOf('cloud', 'mac').hosts.values();

const answers = (...given: readonly (PeerAnswer | MeshError)[]): PeerScript => {
  const left = [...given];
  return () => {
    const next = left.length > 1 ? left.shift() : left[0];
    if (next === undefined || next instanceof MeshError) throw next;
    return next;
  };
};

/** Asks `cloud`, which does as the script says, with room for `entries`. */
async function ask(script: PeerScript, question = ABOUT_ONE, { isLegacy = false, entries = 1_000, waitMs = 0 } = {}) {
  if (CLOUD === undefined) throw new Error('There is a host.');
  const [transport, clock, over] = [new ScriptedPeers({ cloud: script }), new VirtualClock(), new AbortController()];
  const ports = { transport, clock, parseAddress: parseAnyAddress, isLegacy: () => isLegacy };
  const heard = askPeer(ports, CLOUD, question, { entries }, over.signal);
  await clock.advance(waitMs);
  if (waitMs >= ANSWER_MS_MAX) over.abort();
  return { heard: await heard, asked: transport.asked };
}

const listed = (heard: object) =>
  'entries' in heard ? (heard.entries as { readonly address: string }[]).map(({ address }) => address) : heard;

describe('what a peer answers', () => {
  it('is filtered to what was asked, and the rest counted', async () => {
    const body = { 'titania@x.com': ENTRY, 'puck@x.com': ENTRY, 'not an address': ENTRY };
    const { heard } = await ask(says(body));
    expect([listed(heard), heard]).toMatchObject([['titania@x.com'], { dropped: 2 }]);
  });

  it.each<[string, PeerScript, Question, object]>([
    ['nothing of one that has none', answers({ status: 404, body: {} }), ABOUT_AGENT, { entries: [], dropped: 0 }],
    ['404 to an address', answers({ status: 404, body: {} }), ABOUT_ONE, { failure: 'peer_unintelligible' }],
    ['another status', answers({ status: 500, body: {} }), ABOUT_ONE, { failure: 'peer_unintelligible' }],
    ['no map', says([1]), ABOUT_ONE, { failure: 'peer_unintelligible' }],
    [
      'what the transport does not believe',
      answers(new MeshError('peer_untrusted', 'No.')),
      ABOUT_ONE,
      { failure: 'peer_untrusted' },
    ],
    ['a fault of this program', () => Promise.reject(new Error('bug')), ABOUT_ONE, { failure: 'internal_error' }],
  ])('%s', async (_, script, question, expected) => {
    expect((await ask(script, question)).heard).toEqual(expected);
  });

  it.each([
    [LOOKUP_ENTRIES_MAX, { entries: [] }],
    [LOOKUP_ENTRIES_MAX + 1, { failure: 'peer_unintelligible' }],
  ])('to a question about one address with %i entries', async (count, expected) => {
    const body = Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}@x.com`, ENTRY]));
    expect((await ask(says(body))).heard).toMatchObject(expected);
  });

  it('counts as failed when it finds no room beside those of the others', async () => {
    const body = { 'a@x.com': ENTRY, 'b@x.com': ENTRY };
    expect((await ask(says(body), {}, { entries: 1 })).heard).toEqual({ failure: 'overloaded' });
    expect(listed((await ask(says(body), {}, { entries: 2 })).heard)).toEqual(['a@x.com', 'b@x.com']);
  });
});

describe('a peer that is busy', () => {
  const busy = [{ status: 429, body: {} }, { status: 503, body: {} }, new MeshError('overloaded', 'Too many.')];

  it('is asked again as long as there is time', async () => {
    const script = answers(...busy, { status: 200, body: { 'titania@x.com': ENTRY } });
    const { heard, asked } = await ask(script, ABOUT_ONE, { waitMs: 3 * BUSY_AGAIN_MS });
    expect([listed(heard), asked.length]).toEqual([['titania@x.com'], 4]);
  });

  it('counts as silent when that is over', async () => {
    const script = answers({ status: 503, body: {} });
    const { heard } = await ask(script, ABOUT_ONE, { waitMs: ANSWER_MS_MAX });
    expect(heard).toEqual({ failure: 'peer_silent' });
  });
});

describe('a peer that only serves the look-up', () => {
  const question: Question = { address: parseAnyAddress('bücher@bücher.de') as KeyedAddress };

  it('is asked in every spelling, and all that it says counts', async () => {
    const body = { 'bücher@xn--bcher-kva.de': ENTRY };
    const script: PeerScript = ({ path }) => ({ status: 200, body: path.includes('xn--') ? body : {} });
    const { heard, asked } = await ask(script, question, { isLegacy: true });
    expect([asked.length > 1, listed(heard)]).toEqual([true, ['bücher@bücher.de']]);
    expect((await ask(script, question)).asked).toHaveLength(1);
  });

  it('fails as a whole when one of the questions does', async () => {
    const script: PeerScript = ({ path }) => ({ status: path.includes('xn--') ? 500 : 200, body: {} });
    expect((await ask(script, question, { isLegacy: true })).heard).toEqual({ failure: 'peer_unintelligible' });
  });
});

it.each<[Question, boolean]>([
  [ABOUT_ONE, true],
  [ABOUT_AGENT, true],
  [{}, false],
])('%j is narrow: %s', (question, expected) => {
  expect(isNarrow(question)).toBe(expected);
});
