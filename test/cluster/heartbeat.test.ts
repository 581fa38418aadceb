// What whole nodes say to each other while nobody does anything, in virtual time: how much that is, and how soon a silence and a return are
// noticed.
import { describe, expect, it } from 'vitest';
import { CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { MeshError } from '../../mesh/errors.ts';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { GREETING_INTERVAL_MS } from '../../mesh/limits.ts';
import { GREETING_LATE_MS_MAX, GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import { OWN_QUESTION_MS_MAX } from '../../node/peers/heartbeat/heartbeat-times.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const IDS = ['cloud', 'mac', 'mini'] as const;
/** To each peer. */
const QUESTIONS_A_MINUTE_MAX = 4;
const STEP_MS = 250;
/** Longer than whatever is done every ten minutes. */
const IDLE_MINUTES = 12;

/** Three hosts that formed a mesh a while ago; `said`: what crossed the network since. */
async function settledMesh() {
  const mesh = await AttackedMesh.of(IDS);
  const said: { from: string; to: string; path: string }[] = [];
  const cut = new Set<string>();
  mesh.attack = ({ from, to, request }, pass) => {
    said.push({ from, to, path: request.target.split('?')[0] ?? '' });
    if (cut.has(`${from} > ${to}`)) throw new MeshError('peer_silent', `Nobody answers for ${to}.`);
    return pass(request);
  };
  await mesh.startAll();
  await mesh.clock.advance(90_000);
  said.length = 0;
  /** Virtual milliseconds until `host` has written such a line about `peer`. */
  const until = async (host: string, line: string, peer: string) => {
    const lines = () =>
      mesh
        .log(host)
        .named(line)
        .filter(({ fields }) => fields.peer === peer).length;
    const [before, startMs] = [lines(), mesh.clock.monotonicMs()];
    while (lines() === before && mesh.clock.monotonicMs() - startMs < 60_000) await mesh.clock.advance(STEP_MS);
    return mesh.clock.monotonicMs() - startMs;
  };
  return { mesh, said, cut, until };
}

describe('a mesh in which nobody does anything', { timeout: WHOLE_MESH_MS_MAX }, () => {
  it('has each host greet each other less than four times a minute, wait for its news, and ask nothing else', async () => {
    const { mesh, said } = await settledMesh();
    await using _ = mesh;
    await mesh.clock.advance(4 * 60_000);
    expect(new Set(said.map(({ path }) => path))).toEqual(new Set([CLAIM_QUESTIONS_PATH, FEED_PATH]));
    const pairs = IDS.flatMap((from) => IDS.filter((to) => to !== from).map((to) => ({ from, to })));
    const countsOf = (path: string) =>
      pairs.map(
        ({ from, to }) => said.filter((one) => one.from === from && one.to === to && one.path === path).length / 4,
      );
    const greetings = countsOf(CLAIM_QUESTIONS_PATH);
    expect(Math.max(...greetings)).toBeLessThanOrEqual(QUESTIONS_A_MINUTE_MAX);
    expect(Math.min(...greetings)).toBeGreaterThanOrEqual(3);
    // A question for news is held for two minutes, for greetings confirm the copy.
    expect(Math.max(...countsOf(FEED_PATH))).toBeLessThanOrEqual(0.5);
  });

  it('has each host ask each other 4.25 questions a minute, and no other once in a while', async () => {
    const { mesh, said } = await settledMesh();
    await using _ = mesh;
    await mesh.clock.advance(IDLE_MINUTES * 60_000);
    const peers = IDS.length - 1;
    const each = IDS.map((id) => said.filter(({ from }) => from === id).length / peers);
    expect(Math.max(...each)).toBeLessThanOrEqual(4.25 * IDLE_MINUTES);
    expect(new Set(said.map(({ path }) => path))).toEqual(new Set([CLAIM_QUESTIONS_PATH, FEED_PATH]));
  });

  it('reads an index once its host says that it changed, and no other', async () => {
    const { mesh, said } = await settledMesh();
    await using _ = mesh;
    expect(await mesh.claim('cloud', 'a@x.com')).toBe(true);
    await mesh.clock.advance(80_000);
    const reads = said
      .filter(({ path }) => path.startsWith('/api/agents/email-index'))
      .map(({ from, to }) => `${from} > ${to}`);
    expect(reads.sort()).toEqual(['mac > cloud', 'mini > cloud']);
  });

  it('loses a host: the others see it twelve seconds later at most, and its return at once', async () => {
    const { mesh, until } = await settledMesh();
    await using _ = mesh;
    for (const waitMs of [0, 3_000, 5_000]) {
      await mesh.clock.advance(waitMs);
      await mesh.stop('cloud');
      const lostMs = await Promise.all([until('mac', 'peer.lost', 'cloud')]);
      expect(Math.max(...lostMs)).toBeLessThanOrEqual(GREETING_INTERVAL_MS + GREETING_MS_MAX);
      await mesh.clock.advance(GREETING_INTERVAL_MS);
      // It is heard while it starts: its first greetings are asked back at once.
      const before = mesh.log('mac').named('peer.found').length;
      await mesh.start('cloud');
      await mesh.clock.advance(GREETING_MS_MAX);
      expect(mesh.log('mac').named('peer.found').length).toBe(before + 1);
      await mesh.clock.advance(30_000);
    }
  });

  it('sees within eighteen seconds that a host is not reached any more that goes on asking', async () => {
    const { mesh, cut, until } = await settledMesh();
    await using _ = mesh;
    const lost = () => mesh.log('cloud').named('peer.lost').length;
    const before = lost();
    cut.add('mac > cloud');
    expect(await until('mac', 'peer.lost', 'cloud')).toBeLessThanOrEqual(OWN_QUESTION_MS_MAX + GREETING_MS_MAX);
    await mesh.clock.advance(60_000);
    expect(lost()).toBe(before);
    cut.clear();
    expect(await until('mac', 'peer.found', 'cloud')).toBeLessThanOrEqual(GREETING_INTERVAL_MS);
  });
});

/** To each peer that never answers in time: as often as where nothing but silence comes. */
const QUESTIONS_TO_BUSY_MAX = 6;
/** A busy host reads a question when its asker has given up waiting for the answer. */
const READ_LATE_MS = GREETING_MS_MAX + 100;

describe('a mesh whose hosts are all too busy to answer in time, and hear each other ask', {
  timeout: WHOLE_MESH_MS_MAX,
}, () => {
  it('has none of them ask more often for that', async () => {
    const { mesh, said } = await settledMesh();
    await using _ = mesh;
    mesh.attack = async ({ from, to, request }, pass) => {
      said.push({ from, to, path: request.target });
      mesh.clock.underWay -= 1;
      await mesh.clock.sleep(READ_LATE_MS);
      mesh.clock.underWay += 1;
      const answer = await pass(request);
      mesh.clock.underWay -= 1;
      await mesh.clock.sleep(GREETING_LATE_MS_MAX);
      mesh.clock.underWay += 1;
      return answer;
    };
    await mesh.clock.advance(60_000);
    said.length = 0;
    await mesh.clock.advance(4 * 60_000);
    const greetings = said.filter(({ path }) => path === CLAIM_QUESTIONS_PATH);
    const pairs = IDS.length * (IDS.length - 1);
    expect(greetings.length / pairs / 4).toBeLessThanOrEqual(QUESTIONS_TO_BUSY_MAX);
    expect(greetings.length).toBeGreaterThan(0);
  });
});
