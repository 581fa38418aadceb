// A mesh too large for everybody to greet everybody, of whole nodes that start at once, in virtual time: it forms, says little, and gets over
// a time in which every answer is late.
import { expect, it } from 'vitest';
import { CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { GREETED_BY_ALL_MAX } from '../../mesh/membership/greeted-hosts.ts';
import { GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';

const WHOLE_MESH_MS_MAX = 400_000;
const VOTERS = ['v1', 'v2', 'v3'];
const OTHERS = Array.from({ length: GREETED_BY_ALL_MAX }, (_, at) => `n${at}`);
const FORMED_MS_MAX = 60_000;
const MINUTE_MS = 60_000;
const LATE_MS = GREETING_MS_MAX + 1_500;

it('forms, greets few, and has nobody offline a minute after a load', { timeout: WHOLE_MESH_MS_MAX }, async () => {
  const entry = (id: string) => ({ voter: VOTERS.includes(id) });
  await using mesh = await AttackedMesh.of([...VOTERS, ...OTHERS], { entry, secret: 'a secret that they all share' });
  const greeted: { from: string; to: string }[] = [];
  let lateMs = 0;
  mesh.attack = async ({ from, to, request }, pass) => {
    if (request.target.startsWith(CLAIM_QUESTIONS_PATH)) greeted.push({ from, to });
    const answer = await pass(request);
    if (lateMs === 0) return answer;
    mesh.clock.underWay -= 1;
    await mesh.clock.sleep(lateMs);
    mesh.clock.underWay += 1;
    return answer;
  };
  await Promise.all([...VOTERS, ...OTHERS].map((id) => mesh.start(id)));
  await mesh.clock.advance(FORMED_MS_MAX);
  expect(await mesh.claim('n7', 'a@x.com')).toBe(true);

  greeted.length = 0;
  await mesh.clock.advance(MINUTE_MS);
  const toNeighbours = greeted.filter(({ from, to }) => !VOTERS.includes(from) && !VOTERS.includes(to));
  expect(new Set(toNeighbours.map(({ from, to }) => [from, to].sort().join())).size).toBeLessThanOrEqual(OTHERS.length);
  const ofOne = greeted.filter(({ from }) => from === 'n7');
  expect(new Set(ofOne.map(({ to }) => to)).size).toBeLessThanOrEqual(VOTERS.length + 2);
  expect(ofOne.length).toBeLessThanOrEqual(2 * (VOTERS.length + 2));

  lateMs = LATE_MS;
  await mesh.clock.advance(MINUTE_MS);
  lateMs = 0;
  await mesh.clock.advance(MINUTE_MS);
  for (const id of ['v1', 'n7']) {
    const last = new Map(
      mesh
        .log(id)
        .events.flatMap(({ event, fields }) =>
          event === 'peer.lost' || event === 'peer.found' ? [[String(fields.peer), event] as const] : [],
        ),
    );
    expect([...last].filter(([, event]) => event === 'peer.lost')).toEqual([]);
    expect(last.size).toBe(id === 'v1' ? OTHERS.length + 2 : VOTERS.length + 2);
  }
});
