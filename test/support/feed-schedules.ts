// Short lives of hosts that follow each other, written by hand for what chance seldom brings about.
import type { AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { Troubles } from './claim-lives.ts';
import { FeedSimulation, type FeedSimulationOptions } from './feed-simulation.ts';

/** Long enough for every host to hear that another one is gone for good. */
const GONE_MS = 120_000;

const [cloud, mac] = ['cloud', 'mac'] as readonly string[] as readonly [HostId, HostId];
const CALM = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const [first, last] = ['first', 'last'] as readonly string[] as readonly [AgentId, AgentId];
const address = 'shared@x.test' as EmailAddress;

/** `cloud` has two agents, of which the last has an address, when `mac` hears of it. */
async function begun(options: FeedSimulationOptions): Promise<FeedSimulation> {
  const mesh = new FeedSimulation(1, [cloud, mac], CALM, options);
  await mesh.start(cloud);
  await mesh.do(cloud, async ({ agents }) => {
    await agents.create({ name: 'first', id: first });
    await agents.create({ name: 'last', id: last, tools: { email: { addresses: [{ address }] } } });
  });
  await mesh.start(mac);
  await mesh.advance(1_000);
  return mesh;
}

/** While `mac` hears nothing, and for longer than the log goes back, the address goes to the agent that a snapshot tells of first. */
async function handedOver(options: FeedSimulationOptions): Promise<Troubles> {
  const mesh = await begun(options);
  mesh.crash(mac);
  await mesh.do(cloud, async ({ addresses }) => {
    await addresses.remove(last, address);
    await addresses.add(first, { address });
  });
  mesh.trim(cloud, 1);
  await mesh.heal();
  return mesh.faultsFound();
}

/** `cloud` leaves for good, twice, and comes back each time with what it had. */
async function cameBack(options: FeedSimulationOptions): Promise<Troubles> {
  const mesh = await begun(options);
  for (const _ of ['once', 'twice']) {
    mesh.list(cloud, false);
    await mesh.advance(GONE_MS);
    const isTold = mesh.faultsFound();
    if (isTold.length > 0) return isTold;
    mesh.list(cloud, true);
    await mesh.heal();
  }
  return mesh.faultsFound();
}

export const FEED_SCHEDULES = { handedOver, cameBack };
export type FeedScheduleName = keyof typeof FEED_SCHEDULES;
