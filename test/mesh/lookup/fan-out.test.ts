import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { ANSWER_MS_MAX, INDEX_ANSWER_BYTES_MAX, LOOKUP_ANSWER_BYTES_MAX } from '../../../mesh/limits.ts';
import { createLookUp } from '../../../mesh/lookup/fan-out.ts';
import type { AgentId } from '../../../mesh/names.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';
import { addressOf } from '../../support/agent-of.ts';
import { ABOUT_TITANIA, atCloud, meshOf, own, owners, TITANIA, within } from '../../support/asking-mesh.ts';
import { rosterOf, urlOf } from '../../support/roster-of.ts';
import { never, type PeerScript, ScriptedPeers, says, wireEntry } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('of two owners of one address', () => {
  const has = (host: string) => says({ 'titania@x.com': wireEntry(host, 'titania') });
  const owner = async (legacy: readonly string[]) => {
    const { clock, lookUp } = meshOf({ cloud: has('cloud'), pi: has('pi') }, [], legacy);
    return owners(await within(clock, 1, lookUp(ABOUT_TITANIA)));
  };

  it('the one on the host that hosts.json lists first stands', async () => {
    expect(await owner([])).toEqual(['titania@x.com titania@cloud']);
  });

  it('one on a host that takes no part in the claims gives way', async () => {
    expect(await owner(['cloud'])).toEqual(['titania@x.com titania@pi']);
  });
});

describe('a federated question', () => {
  it('is put to every enabled peer at once, in the words that any peer understands', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says({}), pi: says({}) });
    const address = addressOf('a+b&c@x.com');
    await within(clock, 0, lookUp({ address, agentId: 'id-1' as AgentId }));
    expect(transport.asked.map((request) => request.to)).toEqual(['cloud', 'pi']);
    expect(transport.asked[0]).toMatchObject({
      method: 'GET',
      path: '/api/agents/email-index?address=a%2Bb%26c%40x.com&agentId=id-1',
      headers: { 'X-Federated-Query': 'true' },
      answerMsMax: ANSWER_MS_MAX,
      answerBytesMax: LOOKUP_ANSWER_BYTES_MAX,
      answerSignature: 'known-key',
    });
  });

  it('may ask for everything, and then takes a long answer', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says(atCloud), pi: says({}) });
    const answer = await within(clock, 0, lookUp({}));
    expect(transport.asked[0]).toMatchObject({
      path: '/api/agents/email-index',
      answerBytesMax: INDEX_ANSWER_BYTES_MAX,
    });
    expect(owners(answer)).toEqual(['titania@x.com titania@cloud']);
  });

  it('finds the owner on a peer, reached where our hosts.json says', async () => {
    const { clock, lookUp } = meshOf({ cloud: says(atCloud), pi: says({}) });
    const answer = await within(clock, 0, lookUp(ABOUT_TITANIA));
    expect(answer.emails.get(TITANIA.key)?.entry.hostUrl).toBe(urlOf('cloud'));
    expect(answer.meta).toEqual({
      federated: true,
      hostsQueried: 3,
      hostsSucceeded: 3,
      hostsFailed: [],
      queryTime: 0,
    });
  });

  it('is answered by this host alone when it has no peers', async () => {
    const { clock, lookUp, edit } = meshOf({}, [own('titania@x.com')]);
    edit(rosterOf('mac'));
    const answer = await within(clock, 0, lookUp(ABOUT_TITANIA));
    expect(owners(answer)).toEqual(['titania@x.com own@mac']);
    expect(answer.meta).toMatchObject({ hostsQueried: 1, hostsSucceeded: 1, hostsFailed: [] });
  });

  it('prefers its own entry, then the one of the host listed first, however late it came', async () => {
    const both = (host: string) => ({
      'titania@x.com': wireEntry(host, 'titania'),
      'shared@x.com': wireEntry(host, 'shared'),
    });
    const { clock, lookUp } = meshOf(
      {
        cloud: (_, signal) => clock.sleep(900, signal).then(() => says(both('cloud'))({} as never, signal)),
        pi: says(both('pi')),
      },
      [own('titania@x.com')],
    );
    const answer = await within(clock, 1_000, lookUp({}));
    expect(owners(answer)).toEqual(['titania@x.com own@mac', 'shared@x.com shared@cloud']);
    expect(answer.meta.queryTime).toBe(900);
  });

  it('reads a long answer to the end', async () => {
    const many = 4_001;
    const names = Array.from({ length: many }, (_, n) => [`a${n}@x.com`, wireEntry('cloud', `a${n}`)]);
    const { clock, lookUp } = meshOf({ cloud: says(Object.fromEntries(names)), pi: says({}) });
    const answer = await within(clock, 1, lookUp({}));
    expect(answer.emails.size).toBe(many);
  });

  it('leaves no timer behind', async () => {
    const { clock, lookUp } = meshOf({ cloud: says({}), pi: says({}) });
    await within(clock, 0, lookUp(ABOUT_TITANIA));
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });
});

describe('a peer that does not answer', () => {
  it('is named after five seconds, when the others have long answered', async () => {
    const { clock, lookUp, transport } = meshOf({ cloud: says(atCloud), pi: never });
    const question = lookUp(ABOUT_TITANIA);
    await expect(within(clock, ANSWER_MS_MAX - 1, question)).rejects.toThrow('No answer');
    const answer = await within(clock, 1, question);
    expect(owners(answer)).toEqual(['titania@x.com titania@cloud']);
    expect(answer.meta).toEqual({
      federated: true,
      hostsQueried: 3,
      hostsSucceeded: 2,
      hostsFailed: ['pi'],
      queryTime: ANSWER_MS_MAX,
      failures: { pi: 'peer_silent' },
    });
    expect(transport.signals.every((signal) => signal?.aborted)).toBe(true);
  });

  it('is named when its body drips past the deadline', async () => {
    const drip: PeerScript = async () => {
      for (let second = 0; second < 60; second += 1) await clock.sleep(1_000);
      return { status: 200, body: atCloud };
    };
    const { clock, lookUp } = meshOf({ cloud: drip, pi: says({}) });
    const answer = await within(clock, ANSWER_MS_MAX, lookUp(ABOUT_TITANIA));
    expect(answer.meta.hostsFailed).toEqual(['cloud']);
    await clock.advance(60_000);
    expect(answer.emails.size).toBe(0);
  });

  it('is heard when it is only slow', async () => {
    const slow: PeerScript = () => clock.sleep(ANSWER_MS_MAX - 1).then(() => ({ status: 200, body: atCloud }));
    const { clock, lookUp } = meshOf({ cloud: slow, pi: says({}) });
    const answer = await within(clock, ANSWER_MS_MAX, lookUp(ABOUT_TITANIA));
    expect(answer.meta).toMatchObject({ hostsFailed: [], queryTime: ANSWER_MS_MAX - 1 });
    expect(answer.emails.size).toBe(1);
  });
});

describe('a peer that answers nonsense', () => {
  it.each<[string, PeerScript, string]>([
    ['a list', says([wireEntry('cloud', 'titania')]), 'peer_unintelligible'],
    ['null', says(null), 'peer_unintelligible'],
    ['text', says('<html>'), 'peer_unintelligible'],
    ['nothing', says(undefined), 'peer_unintelligible'],
    ['an error', () => ({ status: 500, body: atCloud }), 'peer_unintelligible'],
    ['not found', () => ({ status: 404, body: {} }), 'peer_unintelligible'],
    ['HTML or too much', () => refuse(new MeshError('peer_unintelligible', 'Not JSON.')), 'peer_unintelligible'],
    ['a wrong signature', () => refuse(new MeshError('peer_untrusted', 'Another key.')), 'peer_untrusted'],
    ['a fault of the transport', () => refuse(new TypeError('x is not a function')), 'internal_error'],
  ])('(%s) is named, and the others are heard', async (_, script, failure) => {
    const { clock, lookUp } = meshOf({ cloud: script, pi: says({ 'titania@x.com': wireEntry('pi', 'titania') }) });
    const answer = await within(clock, 0, lookUp(ABOUT_TITANIA));
    expect(owners(answer)).toEqual(['titania@x.com titania@pi']);
    expect(answer.meta).toMatchObject({ hostsSucceeded: 2, hostsFailed: ['cloud'], failures: { cloud: failure } });
  });

  it('is heard when it says that it does not have the agent', async () => {
    const absent: PeerScript = () => ({ status: 404, body: { error: 'not_found' } });
    const { clock, lookUp } = meshOf({ cloud: absent, pi: says({}) });
    const answer = await within(clock, 0, lookUp({ agentId: 'id-1' as AgentId }));
    expect(answer.meta).toMatchObject({ hostsSucceeded: 3, hostsFailed: [] });
  });

  it('gives only the entries that were asked for, are its own and are whole; the rest is counted', async () => {
    const answered = JSON.parse(`{
      "titania@x.com": ${JSON.stringify(wireEntry('cloud', 'titania'))},
      "unasked@x.com": ${JSON.stringify(wireEntry('cloud', 'titania'))},
      "TITANIA@x.com": ${JSON.stringify(wireEntry('pi', 'titania'))},
      " titania@x.com": ${JSON.stringify(wireEntry('cloud', 'titania', { pending: true }))},
      "titania@x.com ": null,
      "__proto__": ${JSON.stringify(wireEntry('cloud', 'titania'))},
      "constructor": 7
    }`);
    const { clock, lookUp } = meshOf({ cloud: says(answered), pi: says({}) });
    const answer = await within(clock, 0, lookUp(ABOUT_TITANIA));
    expect(owners(answer)).toEqual(['titania@x.com titania@cloud']);
    expect(answer.meta).toMatchObject({ hostsFailed: [], entriesDropped: 6 });
    expect(({} as Record<string, unknown>).agentId).toBeUndefined();
  });
});

describe('a peer that is busy', () => {
  const busyFor = (times: number, busy: () => PeerAnswer): PeerScript => {
    let left = times;
    return () => {
      left -= 1;
      return left >= 0 ? busy() : { status: 200, body: atCloud };
    };
  };

  it.each([
    ['says 429', () => ({ status: 429, body: {} })],
    ['says 503', () => ({ status: 503, body: {} })],
    ['refuses before it looks who asks', () => refuse(new MeshError('overloaded', 'It is busy.'))],
  ] as const)('is asked again, and has not failed: it %s', async (_, busy) => {
    const { clock, lookUp } = meshOf({ cloud: busyFor(3, busy), pi: says({}) });
    const { emails, meta } = await within(clock, 1_000, lookUp(ABOUT_TITANIA));
    expect([emails.size, meta.hostsFailed]).toEqual([1, []]);
  });

  it('is named with the true reason when it stays so', async () => {
    const { clock, lookUp } = meshOf({ cloud: busyFor(1_000, () => ({ status: 429, body: {} })), pi: says({}) });
    const { meta } = await within(clock, ANSWER_MS_MAX, lookUp(ABOUT_TITANIA));
    expect(meta.hostsFailed).toEqual(['cloud']);
  });
});

function refuse(error: Error): never {
  throw error;
}

describe('a peer that serves only the look-up, and compares texts', () => {
  it('is asked for the domain in Unicode and in A-labels', async () => {
    const wanted = parseIdentityAddress('titania@bücher.example');
    if (!wanted.valid) throw new Error('It is an address.');
    const inAscii: PeerScript = ({ path }) => ({
      status: 200,
      body: path.includes('xn--') ? { 'titania@xn--bcher-kva.example': wireEntry('pi', 'titania') } : {},
    });
    const clock = new VirtualClock();
    const transport = new ScriptedPeers({ cloud: says({}), pi: inAscii });
    const isLegacy = (id: string) => id === 'pi';
    const roster = () => rosterOf('mac', 'cloud', 'pi');
    const lookUp = createLookUp({
      transport,
      clock,
      roster,
      local: () => [],
      parseAddress: parseIdentityAddress,
      isLegacy,
      isOwner: () => false,
      isDown: () => false,
    });
    const answer = await within(clock, 1, lookUp({ address: wanted }));
    expect(owners(answer)).toEqual(['titania@bücher.example titania@pi']);
    expect(answer.meta).toMatchObject({ hostsQueried: 3, hostsSucceeded: 3 });
    expect(transport.asked.map(({ to }) => to)).toEqual(['cloud', 'pi', 'pi']);
  });
});
