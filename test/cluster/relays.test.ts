// Whole nodes with their real signatures, in a mesh that is too large for everybody to follow everybody: here more than three hosts.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';

const VOTERS = ['cloud', 'mac'];
const TEST_MS_MAX = 60_000;

it('is heard of through the voters by hosts that do not vote and ask each other nothing', {
  timeout: TEST_MS_MAX,
}, async () => {
  const entry = (id: string) => ({ voter: VOTERS.includes(id) });
  await using mesh = await AttackedMesh.of(['cloud', 'mac', 'mini', 'nas'], { followedByAllMax: 3, entry });
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
  const path = '/api/agents/email-index?address=second@x.com&federated=true&mode=index';
  const told = await mesh.ask<{ emails: object; meta: object }>('mini', path);
  expect(told.emails).toMatchObject({ 'second@x.com': { hostId: 'nas' } });
  expect(told.meta).toMatchObject({ source: 'copy', complete: true });
  expect(asked).toEqual(expect.arrayContaining(['mini asks cloud', 'mini asks mac', 'cloud asks nas', 'mac asks nas']));
  expect(asked).not.toEqual(expect.arrayContaining([expect.stringMatching(/^mini asks nas|^nas asks mini/)]));
  const { hosts } = await mesh.ask<{ hosts: { id: string; feed?: object }[] }>('mini', '/api/hosts');
  expect(hosts.find(({ id }) => id === 'nas')?.feed).toMatchObject({ state: 'following' });
});
