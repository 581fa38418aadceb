// Whole nodes with their real signatures, in a mesh that is too large for everybody to follow everybody: here more than three hosts.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import { isRefused } from '../../mesh/signature/faults.ts';
import { type AcceptedRequest, openRequest } from '../../mesh/signature/request.ts';
import { signResponse } from '../../mesh/signature/response.ts';
import type { WireAnswer } from '../../node/peers/connections/peer-exchange.ts';
import { type Attack, AttackedMesh } from '../support/attacked-mesh.ts';
import { testKeys } from '../support/test-keys.ts';

const VOTERS = ['cloud', 'mac'];
const TEST_MS_MAX = 60_000;
const entry = (id: string) => ({ voter: VOTERS.includes(id) });

const meshOfFour = () => AttackedMesh.of(['cloud', 'mac', 'mini', 'nas'], { followedByAllMax: 3, entry });

it('is heard of through the voters by hosts that do not vote and ask each other nothing', {
  timeout: TEST_MS_MAX,
}, async () => {
  await using mesh = await meshOfFour();
  const asked: string[] = [];
  mesh.attack = ({ from, to, request }, pass) => {
    if (request.target === FEED_PATH) asked.push(`${from} asks ${to}`);
    return pass(request);
  };
  await mesh.startAll();
  expect(await mesh.claim('nas', 'first@x.com')).toBe(true);
  await mesh.clock.advance(20_000);
  asked.length = 0;
  expect(await mesh.claim('nas', 'second@x.com')).toBe(true);
  await expectHeard(mesh, 'second@x.com');
  expect(asked).toEqual(expect.arrayContaining(['mini asks cloud', 'mini asks mac', 'cloud asks nas', 'mac asks nas']));
  expect(asked).not.toEqual(expect.arrayContaining([expect.stringMatching(/^mini asks nas|^nas asks mini/)]));
});

it.each([
  ['by the other relay where one of them is of a version that knows of no relays', ['cloud'], false],
  ['by hosts that ask each other where all voters are of such a version', VOTERS, true],
])('is heard of %s', { timeout: TEST_MS_MAX }, async (_, old, asksNas) => {
  await using mesh = await meshOfFour();
  const asked: string[] = [];
  mesh.attack = (message, pass) => {
    const { from, to, request } = message;
    if (request.target === FEED_PATH) asked.push(`${from} asks ${to}`);
    return isForRelays(request) && old.includes(to) ? refusal(message) : pass(request);
  };
  await mesh.startAll();
  await mesh.clock.advance(20_000);
  asked.length = 0;
  // Each is heard of at once: a host that is asked only when the copy of it has become old is not.
  for (const address of ['first@x.com', 'second@x.com', 'third@x.com']) {
    expect(await mesh.claim('nas', address)).toBe(true);
    await expectHeard(mesh, address);
  }
  expect(asked.includes('mini asks nas')).toBe(asksNas);
});

async function expectHeard(mesh: AttackedMesh, address: string): Promise<void> {
  const path = `/api/agents/email-index?address=${address}&federated=true&mode=index`;
  const told = await mesh.ask<{ emails: object; meta: object }>('mini', path);
  expect(told.emails).toMatchObject({ [address]: { hostId: 'nas' } });
  expect(told.meta).toMatchObject({ source: 'copy', complete: true });
  const { hosts } = await mesh.ask<{ hosts: { id: string; feed?: object }[] }>('mini', '/api/hosts');
  expect(hosts.find(({ id }) => id === 'nas')?.feed).toMatchObject({ state: 'following' });
}

type Message = Parameters<Attack>[0];

function isForRelays({ target, body }: Message['request']): boolean {
  return target === FEED_PATH && Buffer.from(body ?? []).includes('"scope":"mesh"');
}

/** What such a version answers: it needs `after`, and signs that. */
async function refusal({ to, from, request }: Message): Promise<WireAnswer> {
  const { method, target, headers } = request;
  const opened = openRequest({ method, target, field: (name) => headers[name] });
  const signer = testKeys(to)[to]?.signer;
  if (isRefused(opened) || signer === undefined) throw new Error('Hosts sign what they ask.');
  const body = Buffer.from(JSON.stringify({ error: 'invalid_request', message: "'after' is needed.", field: 'after' }));
  const fields: Readonly<Record<string, string>> = signResponse(
    {
      ...{ status: 400, from: to, to: from, digest: contentDigest(body) },
      createdSeconds: opened.createdSeconds,
      request: opened as AcceptedRequest,
    },
    signer,
  );
  return { status: 400, body, field: (name) => fields[name.toLowerCase()] };
}
