// Whole nodes that start on a machine with too much to do, in virtual time: every answer comes late, and still counts.
import { expect, it } from 'vitest';
import { CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const IDS = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const VOTERS = ['cloud', 'mac', 'mini'];
/** So that a first configuration takes longer than a proposal is given at first. */
const LATE_MS = GREETING_MS_MAX + 1_500;
const FORMED_MS_MAX = 60_000;

it('five hosts all of whose answers are late greet nobody who has yet to answer, and form a mesh', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  const entry = (id: string) => ({ voter: VOTERS.includes(id) });
  await using mesh = await AttackedMesh.of(IDS, { entry, secret: 'a secret that they all share' });
  const asked = new Map<string, number>();
  mesh.attack = async ({ from, to, request }, pass) => {
    const pair = `${from} ${to}`;
    if (request.target.startsWith(CLAIM_QUESTIONS_PATH)) asked.set(pair, (asked.get(pair) ?? 0) + 1);
    const answer = await pass(request);
    mesh.clock.underWay -= 1;
    await mesh.clock.sleep(LATE_MS);
    mesh.clock.underWay += 1;
    return answer;
  };
  await Promise.all(IDS.map((id) => mesh.start(id)));
  await mesh.clock.advance(FORMED_MS_MAX);
  expect(IDS.map((id) => mesh.log(id).named('mesh.formed').length)).toEqual(IDS.map(() => 1));
  expect(Math.max(...asked.values())).toBeLessThanOrEqual(FORMED_MS_MAX / GREETING_MS_MAX);
});
