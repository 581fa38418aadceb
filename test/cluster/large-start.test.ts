// A host of a mesh too large for everybody to greet everybody, which starts while the others are not there yet or have too much to do: whom it asks
// what, and how often.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { GREETED_BY_ALL_MAX } from '../../mesh/membership/greeted-hosts.ts';
import { HELLO_PATH } from '../../node/peers/keys/hello.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const VOTERS = ['v1', 'v2', 'v3'];
const OTHERS = Array.from({ length: GREETED_BY_ALL_MAX }, (_, at) => `n${at}`);
const entry = (id: string) => ({ voter: VOTERS.includes(id) });
/** As it starts; with its first greeting, or the first of its own; and after 30 s. */
const HELLOS_A_MINUTE_MAX = 3;

it('a voter asks nobody about a log who has not answered it yet, and those who are silent no more often who they are than it greets', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  await using mesh = await AttackedMesh.of([...VOTERS, ...OTHERS], { entry });
  const asked = new Map<string, number>();
  mesh.attack = ({ from, to, request }, pass) => {
    const what = request.target.startsWith(HELLO_PATH) ? 'who' : request.target;
    if (from === 'v1') asked.set(`${what} ${to}`, (asked.get(`${what} ${to}`) ?? 0) + 1);
    return pass(request);
  };
  await mesh.start('v1');
  await mesh.clock.advance(60_000);
  expect(Math.max(...OTHERS.map((id) => asked.get(`who ${id}`) ?? 0))).toBeLessThanOrEqual(HELLOS_A_MINUTE_MAX);
  await mesh.start('n7');
  await mesh.clock.advance(30_000);
  expect(OTHERS.filter((id) => asked.has(`${FEED_PATH} ${id}`))).toEqual(['n7']);
});
