// What is asked of peers that serve only the look-up, and how their answers are read.
import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { KeyedAddress } from '../../../mesh/lookup/index-entry.ts';
import { askLegacyPeers, LEGACY_ANSWER_MS_MAX } from '../../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../../mesh/names.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { never, type PeerScript, ScriptedPeers, says, wireEntry } from '../../support/scripted-peers.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const A = parsed('a@x.com');
const B = parsed('b@x.com');

function parsed(text: string): KeyedAddress {
  const address = parsePlainAddress(text);
  if (!address.valid) throw new Error(`${text} is no address`);
  return address;
}

async function ask(scripts: Record<string, PeerScript>, ...addresses: readonly KeyedAddress[]) {
  const clock = new VirtualClock();
  const transport = new ScriptedPeers(scripts);
  const ports = { transport, clock, parseAddress: parsePlainAddress };
  const asked = askLegacyPeers(ports, Object.keys(scripts) as HostId[], addresses);
  await clock.advance(LEGACY_ANSWER_MS_MAX);
  return { answers: await asked, asked: transport.asked, clock };
}

describe('a question to legacy peers', () => {
  it('is a look-up of each address at each of them, as the specification has it', async () => {
    const { answers, asked } = await ask({ old: says({}), older: says({}) }, A, B);
    expect(answers).toEqual({ owners: [], silent: [] });
    expect(asked.map(({ to, path, headers }) => [to, path, headers])).toEqual(
      ['old', 'older'].flatMap((to) =>
        ['a', 'b'].map((name) => [
          to,
          `/api/agents/email-index?address=${name}%40x.com`,
          { 'X-Federated-Query': 'true' },
        ]),
      ),
    );
  });

  it.each([
    ['its own', { 'a@x.com': wireEntry('old', 'oberon') }, 'oberon'],
    ['in another spelling', { 'A@X.com': wireEntry('old', 'oberon') }, 'oberon'],
    ['under another name of its own', { 'a@x.com': wireEntry('old.local', 'oberon') }, 'oberon'],
    ['in a form that is not known', { 'a@x.com': null }, 'unknown'],
  ])('finds an owner when the entry is %s', async (_, body, agentName) => {
    const { answers } = await ask({ old: says(body) }, A, B);
    expect(answers.owners).toEqual([{ key: 'a@x.com', hostId: 'old', agentName }]);
  });

  it.each([
    'straße@bücher.example',
    'strasse@xn--bcher-kva.example',
    'straße@xn--bcher-kva.example',
    'STRASSE@Bücher.example',
  ])('finds an owner that has it as %s and compares texts', async (text) => {
    const clock = new VirtualClock();
    const compares: PeerScript = ({ path }) => {
      const asked = new URL(path, 'http://old').searchParams.get('address');
      return { status: 200, body: asked === text.toLowerCase() ? { [text]: wireEntry('old', 'oberon') } : {} };
    };
    const transport = new ScriptedPeers({ old: compares });
    const wanted = parseIdentityAddress('Straße@bücher.example');
    if (!wanted.valid) throw new Error('It is an address.');
    const ports = { transport, clock, parseAddress: parseIdentityAddress };
    const { owners, silent } = await askLegacyPeers(ports, ['old' as HostId], [wanted]);
    expect([owners, silent]).toEqual([[{ key: wanted.key, hostId: 'old', agentName: 'oberon' }], []]);
    expect(transport.asked.length).toBe(4);
  });

  it('finds an owner that has it in the letters that were given, and compares texts', async () => {
    const text = 'Oberon@X.example';
    const compares: PeerScript = ({ path }) => {
      const asked = new URL(path, 'http://old').searchParams.get('address');
      return { status: 200, body: asked === text ? { [text]: wireEntry('old', 'oberon') } : {} };
    };
    const parsed = parseIdentityAddress(text);
    if (!parsed.valid) throw new Error('It is an address.');
    const transport = new ScriptedPeers({ old: compares });
    const ports = { transport, clock: new VirtualClock(), parseAddress: parseIdentityAddress };
    const wanted = { ...parsed, given: ` ${text}` };
    const { owners } = await askLegacyPeers(ports, ['old' as HostId], [wanted]);
    expect(owners).toEqual([{ key: parsed.key, hostId: 'old', agentName: 'oberon' }]);
    expect(transport.asked.length).toBe(2);
  });

  it('is not answered by what was not asked for', async () => {
    const { answers } = await ask({ old: says({ 'c@x.com': wireEntry('old', 'oberon') }) }, A);
    expect(answers).toEqual({ owners: [], silent: [] });
  });

  it.each<[string, PeerScript, RegExp]>([
    ['says nothing', never, /no complete answer within 2000 ms/],
    ['is not there', () => Promise.reject(new MeshError('peer_silent', 'It is gone.')), /It is gone/],
    ['answers 500', () => ({ status: 500, body: {} }), /status 500/],
    ['answers a list', says([]), /no map/],
    ['answers an empty body', says(undefined), /no map/],
  ])('names a peer that %s, once', async (_, script, why) => {
    const { answers, clock } = await ask({ old: script, older: says({}) }, A, B);
    expect(answers).toEqual({ owners: [], silent: [{ hostId: 'old', why: expect.stringMatching(why) }] });
    expect(clock.sleepers).toBe(0);
  });
});
