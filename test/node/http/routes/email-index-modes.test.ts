// `mode` of the federated question, and the plain index that shows the whole mesh.
import { describe, expect, it } from 'vitest';
import type { AgentId, HostId } from '../../../../mesh/names.ts';
import { addressOf } from '../../../support/agent-of.ts';
import { INDEX_PATH, indexNode } from '../../../support/index-node.ts';
import { urlOf } from '../../../support/roster-of.ts';
import { says, wireEntry } from '../../../support/scripted-peers.ts';

const OBERON = { agentId: 'id-oberon', agentName: 'oberon', hostId: 'cloud', hostUrl: urlOf('cloud'), primary: true };

function nodeWithCopy(isWide = false, more: readonly string[] = []) {
  const world = indexNode(
    { cloud: says({ 'oberon@x.com': wireEntry('cloud', 'oberon') }) },
    undefined,
    undefined,
    isWide,
  );
  const rowOf = (text: string) => {
    const { address, key } = addressOf(text);
    const agent = { agentId: 'id-oberon' as AgentId, agentName: 'oberon' };
    return { address, key, ...agent, hostId: 'cloud' as HostId, primary: true };
  };
  world.copy.change('cloud' as HostId, { drop: [], put: more.concat('oberon@x.com').map(rowOf) });
  world.copy.confirm('cloud' as HostId);
  return world;
}

describe('mode', () => {
  it('index answers from the copy and asks nobody', async () => {
    const { get, transport } = nodeWithCopy();
    const { body } = await get('?address=oberon%40x.com&federated=true&mode=index');
    expect(body.emails).toEqual({ 'oberon@x.com': OBERON });
    expect(body.meta).toMatchObject({ mode: 'index', source: 'copy', complete: true, stale: [], federated: true });
    expect(transport.asked).toEqual([]);
  });

  it.each([
    ['one that the copy has', 'oberon%40x.com'],
    ['one in other letters', 'Oberon%40X.com'],
    ['one with a plus, which is no space', 'a+b%40x.com'],
    ['an own one', 'titania%40x.com'],
    ['an own one of an agent whose email is disabled', 'quiet%40x.com'],
    ['one that nobody is known to have', 'nobody%40x.com'],
    ['none', 'nobody'],
  ])('index answers the same about %s in whatever order the query is', async (_, address) => {
    const { get } = nodeWithCopy();
    const usual = await get(`?address=${address}&federated=true&mode=index`);
    const other = await get(`?mode=index&address=${address}&federated=true`);
    expect([usual.status, usual.body]).toEqual([other.status, other.body]);
    expect(Object.keys(usual.body.emails)).toEqual(
      address.startsWith('n') || address.startsWith('q') ? [] : [expect.anything()],
    );
  });

  it('index reads no address out of a query that is not asked about one alone', async () => {
    const { get } = nodeWithCopy();
    const { body } = await get('?address=oberon%40x.com&agentId=id-titania&federated=true&mode=index');
    expect(body.emails).toEqual({});
    const { get: getOf } = nodeWithCopy(false, ['pi&mini@x.com']);
    expect((await getOf('?address=pi&mini@x.com&federated=true&mode=index')).body.emails).toEqual({});
    expect((await get('?address=oberon%40x.com&address=queen%40x.com&federated=true&mode=index')).status).toBe(400);
  });

  it('verify answers from the owner', async () => {
    const { get } = nodeWithCopy();
    const { body } = await get('?address=oberon%40x.com&federated=true&mode=verify');
    expect([body.emails, body.meta.source]).toEqual([{ 'oberon@x.com': OBERON }, 'owner']);
  });

  it('is refused when there is no such mode, and without federated=true', async () => {
    const { get } = nodeWithCopy();
    expect(await get('?federated=true&mode=fast')).toMatchObject({
      ...{ status: 400 },
      body: { field: 'mode', message: "'mode' must be verify or index; leave it out and every host is asked." },
    });
    expect(await get('?mode=index')).toMatchObject({
      ...{ status: 400 },
      body: { field: 'mode', message: "'mode' says how the whole mesh is asked: add federated=true." },
    });
  });

  it('says nothing in the answer as the specification has it', async () => {
    const { get } = nodeWithCopy();
    const { body } = await get('?address=oberon%40x.com&federated=true');
    expect(Object.keys(body.meta)).toEqual(['federated', 'hostsQueried', 'hostsSucceeded', 'hostsFailed', 'queryTime']);
  });
});

describe('the plain index of a node with MESH_INDEX_SCOPE=mesh', () => {
  const FROM_PEER = { 'X-Federated-Query': 'true' };

  it.each([
    ['?address=oberon%40x.com', { 'oberon@x.com': OBERON }],
    ['?agentId=id-oberon', { 'oberon@x.com': OBERON }],
    ['?address=oberon%40x.com&agentId=id-oberon', { 'oberon@x.com': OBERON }],
    ['?address=oberon%40x.com&agentId=id-titania', {}],
    ['?address=nobody%40x.com', {}],
  ])('answers %s for every host', async (query, map) => {
    const { get } = nodeWithCopy(true);
    expect(await get(query)).toMatchObject({ status: 200, body: map });
  });

  it('shows own addresses and the copied ones in the whole map', async () => {
    const { get } = nodeWithCopy(true);
    const { body } = await get();
    expect(Object.keys(body)).toEqual(['titania@x.com', 'queen@x.com', 'a+b@x.com', 'oberon@x.com']);
  });

  it('has another ETag when the copy changes, and answers 304 to the one it has', async () => {
    const { get, app, copy } = nodeWithCopy(true);
    const etag = (await get()).headers.get('etag') ?? '';
    expect((await app.request(INDEX_PATH, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    copy.forget('cloud' as HostId);
    const { headers, body } = await get();
    expect(headers.get('etag')).not.toBe(etag);
    expect(body).not.toHaveProperty(['oberon@x.com']);
  });

  it('has another ETag when hosts.json says another URL of a host, which its entries show', async () => {
    const { get, move } = nodeWithCopy(true);
    const etag = (await get()).headers.get('etag');
    move('cloud', 'http://elsewhere.example:23000');
    const { headers, body } = await get();
    expect(headers.get('etag')).not.toBe(etag);
    expect(body['oberon@x.com']).toMatchObject({ hostUrl: 'http://elsewhere.example:23000' });
  });

  it('shows an own address as this host has it, whatever the copy says', async () => {
    const { get, copy } = nodeWithCopy(true);
    const { address, key } = addressOf('titania@x.com');
    const row = {
      address,
      key,
      agentId: 'id-other' as AgentId,
      agentName: 'other',
      hostId: 'cloud' as HostId,
      primary: true,
    };
    copy.change('cloud' as HostId, { drop: [], put: [row] });
    expect((await get()).body).toMatchObject({ 'titania@x.com': { hostId: 'mac' } });
    expect((await get('?address=TITANIA%40x.com')).body).toMatchObject({ 'titania@x.com': { hostId: 'mac' } });
    expect((await get('?agentId=id-other')).body).toEqual({});
  });

  it('never speaks to a peer for other hosts', async () => {
    const { get } = nodeWithCopy(true);
    expect((await get('?address=oberon%40x.com', FROM_PEER)).body).toEqual({});
    expect((await get('', FROM_PEER)).body).not.toHaveProperty(['oberon@x.com']);
  });

  it('answers 404 for an agent that nobody is known to have', async () => {
    const { get } = nodeWithCopy(true);
    expect(await get('?agentId=id-nobody')).toMatchObject({ status: 404, body: { field: 'agentId' } });
  });
});

describe('the plain index of any other node', () => {
  it('shows no copied address', async () => {
    const { get } = nodeWithCopy();
    expect((await get('?address=oberon%40x.com')).body).toEqual({});
    expect((await get()).body).not.toHaveProperty(['oberon@x.com']);
  });
});
