// A whole node that lets others in: which tokens open, for whom, and what is listed after it.
import { describe, expect, it } from 'vitest';
import { askToJoin, type OpenAsk } from '../../../mesh/admission/handshake.ts';
import { type InvitationKey, invitationOf } from '../../../mesh/admission/invitation-token.ts';
import type { HostId } from '../../../mesh/names.ts';
import { INVITATION_MS_MAX, INVITATIONS_MAX } from '../../../node/admission/invitations.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';
import { SELF_URL, type TestNode, testNode } from '../../support/test-node.ts';

const SECRET = 'the-secret-of-this-mesh';
const KEYS = testKeys('mac', 'mini', 'eve');
const random = seededRandom(3);
const JOIN = '/api/mesh/v1/join';

interface Newcomer {
  readonly id?: string;
  readonly url?: string;
  readonly who?: 'mini' | 'eve';
  readonly to?: object;
}

async function tokenOf(host: TestNode): Promise<string> {
  const { status, body } = await host.ask('POST', '/api/hosts/invitations', {});
  expect(status).toBe(201);
  return (body as { token: string }).token;
}

function asking(
  host: TestNode,
  token: string,
  { id = 'mini', url = 'http://127.0.0.1:23001', who = 'mini', to }: Newcomer = {},
): OpenAsk {
  return askToJoin({
    invitation: invitationOf(token) as InvitationKey,
    to: { id: 'mac' as HostId, url: SELF_URL, publicKey: KEYS.mac.signer.publicKey, ...to },
    from: { id: id as HostId, url },
    nowSeconds: Math.floor(host.clock.wallMs() / 1_000),
    signer: KEYS[who].signer,
    random,
  });
}

const idsOf = (host: TestNode) => host.roster.current().hosts.map(({ id }) => id);
const refusalOf = (answer: { body: never }) => (answer.body as { error: string }).error;

describe('POST /api/mesh/v1/join', () => {
  it('lists the host that has the token, and seals the secret and the hosts for it', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const { ask, open } = asking(host, await tokenOf(host));
    const { status, body } = await host.ask('POST', JOIN, ask);
    expect(status).toBe(200);
    expect(open(body)).toMatchObject({ secret: SECRET, hosts: [{ id: 'mac' }, { id: 'mini' }] });
    expect(idsOf(host)).toEqual(['mac', 'mini']);
  });

  it('answers the same host again, after a crash of either side too', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    await host.ask('POST', JOIN, asking(host, token).ask);
    const again = asking(host, token);
    expect(again.open((await host.ask('POST', JOIN, again.ask)).body)).toMatchObject({ secret: SECRET });
    const revived = await testNode({ meshSecret: SECRET, disk: host.store.snapshot() });
    const anew = asking(revived, token);
    // hosts.json of the revived node lost the entry, as after an edit: what was let in once is let in no second time.
    expect(refusalOf(await revived.ask('POST', JOIN, anew.ask))).toBe('forbidden');
  });

  it('refuses whoever else shows a token that was used, and says what to do', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    await host.ask('POST', JOIN, asking(host, token, { who: 'eve' }).ask);
    for (const other of [{}, { id: 'desk', url: 'http://127.0.0.1:23002', who: 'eve' } as const]) {
      const { status, body } = await host.ask('POST', JOIN, asking(host, token, other).ask);
      expect([status, (body as { error: string }).error]).toEqual([409, 'conflict']);
    }
    expect(idsOf(host)).toEqual(['mac', 'mini']);
  });

  it('refuses an old ask that is repeated after its host was taken out', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const { ask } = asking(host, await tokenOf(host));
    await host.ask('POST', JOIN, ask);
    expect((await host.ask('POST', '/api/hosts/remove', { host: 'mini' })).status).toBe(200);
    expect(refusalOf(await host.ask('POST', JOIN, ask))).toBe('forbidden');
    expect(idsOf(host)).toEqual(['mac']);
  });

  it('refuses a token after its 30 minutes, one of another host, and an ask that was altered, all in the same words', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const [token, foreign] = [
      await tokenOf(host),
      await tokenOf(await testNode({ meshSecret: SECRET, disk: new Map() })),
    ];
    const { ask } = asking(host, token);
    const altered = { ...ask, from: { ...ask.from, url: 'http://10.6.6.6:23000' } };
    const answers = [await host.ask('POST', JOIN, altered)];
    await host.clock.advance(INVITATION_MS_MAX);
    answers.push(await host.ask('POST', JOIN, asking(host, token).ask));
    // The same seed draws the same token on the other node, so this one is altered.
    answers.push(await host.ask('POST', JOIN, asking(host, `${foreign.slice(0, -2)}AA`).ask));
    for (const { status, body } of answers) {
      expect([status, (body as { error: string }).error]).toEqual([401, 'unauthorized']);
      expect(body).toEqual(answers[0]?.body);
    }
    expect(idsOf(host)).toEqual(['mac']);
  });

  it('refuses a token that was made while the clock was ahead, once it is set right', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    host.clock.setWall(-30_000);
    expect((await host.ask('POST', JOIN, asking(host, token).ask)).status).toBe(200);
    for (let made = 0; made < INVITATIONS_MAX - 1; made += 1) await tokenOf(host);
    host.clock.setWall(-3_600_000);
    expect(refusalOf(await host.ask('POST', JOIN, asking(host, token).ask))).toBe('unauthorized');
    // Nor is its place kept.
    await tokenOf(host);
  });

  it('looks at no more tokens of a client that showed ten that open nothing', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    const wrong = asking(host, `${token.slice(0, -2)}AA`).ask;
    for (let tries = 0; tries < 10; tries += 1) await host.ask('POST', JOIN, wrong);
    expect((await host.ask('POST', JOIN, asking(host, token).ask)).status).toBe(429);
  });

  it('refuses an ask for another host, and one that is more than a minute old', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    for (const to of [{ id: 'cloud' }, { url: 'http://10.0.0.1:23000' }, { publicKey: KEYS.eve.signer.publicKey }])
      expect(refusalOf(await host.ask('POST', JOIN, asking(host, token, { to }).ask))).toBe('invalid_request');
    const { ask } = asking(host, token);
    await host.clock.advance(61_000);
    expect(refusalOf(await host.ask('POST', JOIN, ask))).toBe('clock_skew');
    expect((await host.ask('POST', JOIN, asking(host, token).ask)).status).toBe(200);
  });

  it('refuses an id or URL that is taken, and the token opens all the same for another', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    for (const taken of [{ id: 'mac' }, { url: SELF_URL }])
      expect(refusalOf(await host.ask('POST', JOIN, asking(host, token, taken).ask))).toBe('conflict');
    expect((await host.ask('POST', JOIN, asking(host, token).ask)).status).toBe(200);
  });

  it('is no route of a node whose hosts share no secret, which makes no invitation either', async () => {
    const host = await testNode();
    expect((await host.ask('POST', '/api/hosts/invitations', {})).status).toBe(409);
    expect((await host.ask('POST', JOIN, {})).status).not.toBe(200);
  });
});

describe('POST /api/hosts/invitations', () => {
  it('makes only so many that are open at once', async () => {
    const host = await testNode({ meshSecret: SECRET });
    for (let made = 0; made < INVITATIONS_MAX; made += 1) await tokenOf(host);
    expect(refusalOf(await host.ask('POST', '/api/hosts/invitations', {}))).toBe('limit_exceeded');
    await host.clock.advance(INVITATION_MS_MAX);
    await tokenOf(host);
  });

  it('keeps nothing by which the token could be told', async () => {
    const host = await testNode({ meshSecret: SECRET });
    const token = await tokenOf(host);
    expect(JSON.stringify([...host.store.snapshot()])).not.toContain(token.slice(4));
  });
});
