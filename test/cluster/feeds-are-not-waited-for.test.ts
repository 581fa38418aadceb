// Nobody waits for a feed: claims and look-ups take the same time, whether feeds are answered or not.
import { expect, it } from 'vitest';
import { FEED_PATH } from '../../mesh/feed/messages.ts';
import { AttackedMesh } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const IDS = ['cloud', 'mac', 'mini'] as const;
/** What each message takes. */
const LAG_MS = 20;
const CLAIMS = 5;

/** Virtual milliseconds that claims and look-ups take. `areSilent`: no question about a log has an answer. */
async function costs(areSilent: boolean) {
  await using mesh = await AttackedMesh.of(IDS);
  mesh.attack = async ({ request }, pass) => {
    if (request.target.startsWith(FEED_PATH)) return areSilent ? mesh.hang() : pass(request);
    mesh.clock.underWay -= 1;
    await mesh.clock.sleep(LAG_MS);
    mesh.clock.underWay += 1;
    return pass(request);
  };
  await mesh.startAll();
  await mesh.clock.advance(60_000);
  const tookMs: number[] = [];
  for (let at = 0; at < CLAIMS; at += 1) {
    const address = `claimed-${at}@x.com`;
    tookMs.push(await mesh.claimMs('mac', address));
    tookMs.push(await mesh.askMs('cloud', `/api/agents/email-index?federated=true&address=${address}`));
  }
  return tookMs;
}

it('claims and look-ups cost the same while no feed of any host is answered', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  const [heard, silent] = [await costs(false), await costs(true)];
  expect(silent).toEqual(heard);
  // Each waits for another host, and for nothing that takes longer than that.
  expect([Math.min(...heard) >= LAG_MS, Math.max(...heard) < 10 * LAG_MS]).toEqual([true, true]);
});
