// A host of a mesh too large for everybody to greet everybody, which starts while the others are not there yet or have too much to do: whom it asks
// what, and how often.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { GREETED_BY_ALL_MAX } from '../../mesh/membership/greeted-hosts.ts';
import { HELLO_PATH } from '../../node/peers/keys/hello.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';

const VOTERS = ['v1', 'v2', 'v3'];
const OTHERS = Array.from({ length: GREETED_BY_ALL_MAX }, (_, at) => `n${at}`);
const entry = (id: string) => ({ voter: VOTERS.includes(id) });
const LARGE_MESH_MS_MAX = 240_000;
/** After the mesh has formed; and 30 s later. */
const HELLOS_A_MINUTE_MAX = 3;

/** Voters, and whom and what `v1` asks of those that do not vote: each path with the host, and how often. */
async function startedVoters() {
  const mesh = await AttackedMesh.of([...VOTERS, ...OTHERS], { entry });
  const asked = new Map<string, number>();
  mesh.attack = ({ from, to, request }, pass) => {
    const what = request.target.startsWith(HELLO_PATH) ? 'who' : request.target;
    if (from === 'v1' && OTHERS.includes(to)) asked.set(`${what} ${to}`, (asked.get(`${what} ${to}`) ?? 0) + 1);
    return pass(request);
  };
  return { mesh, asked };
}

it('a voter asks nobody who does not vote before the mesh has formed', { timeout: LARGE_MESH_MS_MAX }, async () => {
  const { mesh, asked } = await startedVoters();
  await using _ = mesh;
  await mesh.start('v1');
  await mesh.start('v2');
  await mesh.clock.advance(15_000);
  expect([...asked.keys()]).toEqual([]);
  await mesh.start('v3');
  await mesh.clock.advance(10_000);
  expect(mesh.log('v1').named('mesh.formed')).toHaveLength(1);
  expect(OTHERS.filter((id) => !asked.has(`who ${id}`))).toEqual([]);
});

it('and then nobody about a log who has not answered it yet, and those who are silent no more often than it greets', {
  timeout: LARGE_MESH_MS_MAX,
}, async () => {
  const { mesh, asked } = await startedVoters();
  await using _ = mesh;
  for (const id of VOTERS) await mesh.start(id);
  await mesh.clock.advance(60_000);
  expect(Math.max(...OTHERS.map((id) => asked.get(`who ${id}`) ?? 0))).toBeLessThanOrEqual(HELLOS_A_MINUTE_MAX);
  await mesh.start('n7');
  await mesh.clock.advance(30_000);
  expect(OTHERS.filter((id) => asked.has(`${FEED_PATH} ${id}`))).toEqual(['n7']);
});
