// One address, two spellings: with A-labels as it comes by SMTP, in Unicode as people write it.
import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../../mesh/address/identity.ts';
import type { Agent } from '../../../../node/registry/agent.ts';
import { addressOf, agentOf } from '../../../support/agent-of.ts';
import { indexNode } from '../../../support/index-node.ts';
import { urlOf } from '../../../support/roster-of.ts';
import { type PeerScript, says, wireEntry } from '../../../support/scripted-peers.ts';

const ASCII = 'ann@xn--bcher-kva.example';
const UNICODE = 'ann@bücher.example';
const ANN = { agentId: 'id-ann', agentName: 'ann', hostId: 'mac', hostUrl: urlOf('mac'), primary: false };
const ALIAS = { ...ANN, aliasOf: ASCII };

function agentWith(name: string, ...texts: readonly string[]): Agent {
  const addresses = texts.map((text) => {
    const parsed = parseIdentityAddress(text);
    if (!parsed.valid) throw new Error(parsed.error);
    return addressOf(parsed.address, { key: parsed.key });
  });
  return agentOf(name, [], { addresses });
}

function node(peers: Record<string, PeerScript> = { cloud: says({}) }) {
  const world = indexNode(peers, undefined, parseIdentityAddress);
  world.index.put(agentWith('ann', UNICODE, 'änn@bücher.example'));
  return world;
}

const query = (address: string, more = '') => `?address=${encodeURIComponent(address)}${more}`;

describe('GET …/email-index of an address with a Unicode domain', () => {
  it('lists it under its ASCII form, and under its Unicode spelling as an alias of that', async () => {
    const { body } = await node().get();
    expect(body).toMatchObject({ [ASCII]: ANN, [UNICODE]: ALIAS });
    expect(body[ASCII]).not.toHaveProperty('aliasOf');
    expect(Object.keys(body).filter((key) => key.startsWith('änn@'))).toEqual(['änn@bücher.example']);
  });

  it.each([
    [ASCII, { [ASCII]: ANN }],
    ['ANN@XN--BCHER-KVA.example', { [ASCII]: ANN }],
    [UNICODE, { [UNICODE]: ALIAS }],
    [' Ann@BÜCHER.example ', { [UNICODE]: ALIAS }],
    ['änn@bücher.example', { 'änn@bücher.example': ANN }],
    ['änn@xn--bcher-kva.example', { 'änn@xn--bcher-kva.example': { ...ANN, aliasOf: 'änn@bücher.example' } }],
  ])('answers %s under the spelling that was asked', async (asked, answer) => {
    const { get } = node();
    expect((await get(query(asked))).body).toEqual(answer);
    expect((await get(query(asked, '&agentId=id-ann'))).body).toEqual(answer);
    const { emails, meta } = (await get(query(asked, '&federated=true'))).body;
    expect(emails).toEqual(answer);
    expect(meta).toMatchObject({ hostsFailed: [] });
  });

  it("lists both for its agent, here and in the whole mesh, and in the mesh's whole index", async () => {
    const { get } = node();
    const keys = [ASCII, UNICODE, 'änn@bücher.example'];
    expect(Object.keys((await get('?agentId=id-ann')).body)).toEqual(keys);
    expect(Object.keys((await get('?agentId=id-ann&federated=true')).body.emails)).toEqual(keys);
    expect((await get('?federated=true')).body.emails).toMatchObject({ [ASCII]: ANN, [UNICODE]: ALIAS });
  });

  it('answers two who ask at once in two spellings, each in theirs', async () => {
    const { get } = node();
    const answers = await Promise.all([get(query(ASCII, '&federated=true')), get(query(UNICODE, '&federated=true'))]);
    expect(answers.map(({ body }) => Object.keys(body.emails))).toEqual([[ASCII], [UNICODE]]);
  });

  it('has another tag when only the alias could tell, and the octets that it announces', async () => {
    const { app, index } = node();
    const before = index.bytes();
    index.put(agentWith('ann', ASCII.replace('ann', 'bob'), 'änn@bücher.example'));
    expect(index.bytes().etag).not.toBe(before.etag);
    const whole = await app.request('/api/agents/email-index');
    expect(whole.headers.get('content-length')).toBe(String((await whole.arrayBuffer()).byteLength));
  });
});

describe('an address of a peer with a Unicode domain', () => {
  const theirs = wireEntry('cloud', 'zoe');
  const zoe = { ...theirs, hostUrl: urlOf('cloud') };
  const peers = {
    cloud: says({
      'zoe@xn--bcher-kva.example': theirs,
      'zoe@bücher.example': { ...theirs, aliasOf: 'zoe@xn--bcher-kva.example' },
    }),
  };

  it('is one address, whatever it is asked for as', async () => {
    const { get } = node(peers);
    const both = {
      'zoe@xn--bcher-kva.example': zoe,
      'zoe@bücher.example': { ...zoe, aliasOf: 'zoe@xn--bcher-kva.example' },
    };
    const { emails, meta } = (await get('?agentId=id-zoe&federated=true')).body;
    expect(emails).toEqual(both);
    expect(meta).not.toHaveProperty('entriesDropped');
    expect(Object.keys((await get(query('zoe@bücher.example', '&federated=true'))).body.emails)).toEqual([
      'zoe@bücher.example',
    ]);
  });

  it('is the same from a host that knows only the Unicode spelling', async () => {
    const { get } = node({ cloud: says({ 'zoe@bücher.example': theirs }) });
    expect((await get(query('zoe@xn--bcher-kva.example', '&federated=true'))).body.emails).toEqual({
      'zoe@xn--bcher-kva.example': zoe,
    });
  });

  it('is dropped and counted as an alias of somebody else', async () => {
    const { get } = node({ cloud: says({ 'zoe@bücher.example': { ...theirs, aliasOf: ASCII } }) });
    const { emails, meta } = (await get('?agentId=id-zoe&federated=true')).body;
    expect([emails, meta]).toMatchObject([{}, { entriesDropped: 1 }]);
  });
});
