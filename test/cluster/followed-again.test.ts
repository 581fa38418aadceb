// What becomes of following a host when the line to it goes dead, as it does without a word when a cable is pulled or a process is stopped: a
// question that waits for news is not waited for to its end, and a host that is back is not left for later.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { GREETING_INTERVAL_MS } from '../../mesh/limits.ts';
import { GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import { FEED_ANSWER_MS_MAX } from '../../node/feed/feed-questions.ts';
import { RETURN_MS_MIN } from '../../node/peers/heartbeat/heartbeat-times.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

/** From the last word of a host until its silence is seen. */
const SILENCE_MS_MAX = GREETING_INTERVAL_MS + GREETING_MS_MAX;
const STEP_MS = 250;

interface HostView {
  readonly id: string;
  readonly feed?: { readonly state: string; readonly why?: string };
}

/** Two hosts that follow each other, and a line between them on which, while it is dead, every question hangs. */
async function twoHosts() {
  const mesh = await AttackedMesh.of(['cloud', 'mac']);
  const line = { isDead: false, hanging: 0 };
  const asked: { readonly path: string; readonly atMs: number }[] = [];
  mesh.attack = async ({ from, request }, pass) => {
    const path = request.target;
    if (from === 'mac') asked.push({ path, atMs: mesh.clock.monotonicMs() });
    const answer = line.isDead ? undefined : await pass(request);
    // What was on its way when the line died never comes either.
    return answer === undefined || line.isDead ? mesh.hang() : answer;
  };
  await mesh.startAll();
  await mesh.clock.advance(60_000);
  const feedOf = async () => {
    const { hosts } = await mesh.ask<{ readonly hosts: readonly HostView[] }>('mac', '/api/hosts');
    return hosts.find(({ id }) => id === 'cloud')?.feed;
  };
  /** Virtual milliseconds until `mac` has written such a line. */
  const until = async (event: string) => {
    const startMs = mesh.clock.monotonicMs();
    const lines = () => mesh.log('mac').named(event).length;
    for (const before = lines(); lines() === before; ) {
      if (mesh.clock.monotonicMs() - startMs > 60_000) throw new Error(`mac never wrote '${event}'.`);
      await mesh.clock.advance(STEP_MS);
    }
    return mesh.clock.monotonicMs() - startMs;
  };
  const feedQuestions = (sinceMs: number) => asked.filter(({ path, atMs }) => path === FEED_PATH && atMs >= sinceMs);
  return { mesh, line, feedOf, until, feedQuestions };
}

it('a host that falls silent is not waited for longer than its silence takes to be seen, and says why', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  const { mesh, line, until, feedOf, feedQuestions } = await twoHosts();
  await using _ = mesh;
  line.isDead = true;
  expect(await until('peer.lost')).toBeLessThanOrEqual(SILENCE_MS_MAX);
  // The question that waited is given up, and another one made over a new line.
  expect(feedQuestions(mesh.clock.monotonicMs() - STEP_MS)).toHaveLength(1);
  expect(await feedOf()).toMatchObject({ state: 'silent', why: expect.stringContaining("Host 'cloud'") });
});

it('a host that is heard again is followed again at once, however long it was away', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  const { mesh, line, until, feedOf, feedQuestions } = await twoHosts();
  await using _ = mesh;
  line.isDead = true;
  // By now each further question is asked half a minute after the one before it failed, which one just has.
  await mesh.clock.advance(10 * 60_000);
  for (const before = feedQuestions(0).length; feedQuestions(0).length === before; ) await mesh.clock.advance(STEP_MS);
  await mesh.clock.advance(FEED_ANSWER_MS_MAX);
  line.isDead = false;
  expect(await until('peer.found')).toBeLessThanOrEqual(SILENCE_MS_MAX + RETURN_MS_MIN);
  expect(feedQuestions(mesh.clock.monotonicMs() - STEP_MS).length).toBeGreaterThan(0);
  await mesh.clock.advance(STEP_MS);
  expect(await feedOf()).toMatchObject({ state: 'following' });
});
