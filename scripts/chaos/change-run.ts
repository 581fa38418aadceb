// Three real hosts whose agents change all the time, while each is killed again and again and links between them are cut: a gateway is called by
// one of them, a listener listens at another, and both must have heard every change of all three.
import { setTimeout as pause } from 'node:timers/promises';
import { createChangesClient } from '../../node/webhooks/receiver/changes-client.js';
import { Client } from '../../test/support/live.ts';
import { cursorOf, GATEWAY_SECRET, ownChanges, subscribe, untilFollowed } from '../../test/support/live-feeds.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import type { HostProcess } from '../host-process.ts';
import { Receiver } from '../receiver.ts';
import { type ChangeHistory, type ToldEvent, violationsOf } from './change-history.ts';
import { Allowance, changeAgents, createAgents } from './changers.ts';
import { ChaosMesh } from './mesh.ts';

export interface ChangesRun {
  /** Changes of all three hosts together. */
  readonly changes: number;
  /** How often each host is killed. */
  readonly kills: number;
  readonly seed: number;
}

interface ChangesResult {
  readonly told: number;
  readonly troubles: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

const IDS = ['cloud', 'mac', 'mini'] as const;
/** Attempts of one subscription that may be under way when its host is killed. */
const IN_FLIGHT_MAX = 8;
/** Nothing new was heard for so long: what is missing is lost. */
const QUIET_MS_MAX = 90_000;

export async function runChanges(
  { changes, kills, seed }: ChangesRun,
  say: (line: string) => void,
): Promise<ChangesResult> {
  await using mesh = await ChaosMesh.create(IDS, IDS);
  await using client = new Client();
  await using gateway = await Receiver.listen(GATEWAY_SECRET);
  const [cloud, mac] = mesh.hosts;
  if (cloud === undefined || mac === undefined) throw new Error('There are three hosts.');
  await Promise.all(mesh.hosts.map((host) => host.start()));
  await untilFollowed(client, mesh.hosts);
  const beginnings = await Promise.all(mesh.hosts.map(cursorOf));
  const webhook = await subscribe(client, cloud, gateway);
  /** An attempt that a kill interrupted is due again minutes later, when it was not the first. */
  const hasten = () => client.ask(cloud, 'POST', `/api/webhooks/${webhook}/replay`, { status: 'held' });
  const leaving = new AbortController();
  const heard: ToldEvent[] = [];
  const listening = listen(mac, { since: beginnings[1] ?? '', heard, signal: leaving.signal });

  const [allowance, expected] = [new Allowance(), new Map<string, number>()];
  for (const host of mesh.hosts) await createAgents(host, { client, expected });
  const changing = mesh.hosts.map((host) => changeAgents(host, { client, allowance, expected }));
  const troubles = await makeTrouble(mesh, { changes, kills, seed, allowance });
  await Promise.all(changing);
  const called = () => gateway.events.map(({ body }) => body);
  const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
  await untilHeard(total, () => [heard, called()], hasten);
  leaving.abort();
  await listening;

  const told = (await Promise.all(mesh.hosts.map((host, at) => ownChanges(host, beginnings[at] ?? '')))).flat();
  const history: ChangeHistory = {
    expected,
    told,
    hearings: [
      { name: 'the gateway that cloud calls', heard: called(), repeatsMax: kills * IN_FLIGHT_MAX },
      { name: 'the listener at mac', heard, repeatsMax: 0 },
    ],
  };
  const refused = gateway.refused.map((fault) => `The gateway refused a delivery: ${fault}.`);
  const repeats = called().length - new Set(called().map(({ id }) => id)).size;
  say(`${told.length} events of ${changes} changes under ${JSON.stringify({ ...troubles, repeats })}`);
  return { told: told.length, troubles, violations: [...violationsOf(history), ...refused] };
}

/** Lets the changes go on bit by bit, so that they last as long as the trouble. Everything is mended at the end. */
async function makeTrouble(
  mesh: ChaosMesh,
  { changes, kills, seed, allowance }: ChangesRun & { readonly allowance: Allowance },
): Promise<Readonly<Record<string, number>>> {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  const left = mesh.hosts.flatMap((host) => Array.from({ length: kills }, () => host));
  const parts = left.length + 1;
  let linksCut = 0;
  let done = 0;
  const allowPart = () => {
    allowance.allow(Math.floor((changes * (done + 1)) / parts) - Math.floor((changes * done) / parts));
    done += 1;
  };
  const crash = async (host: HostProcess) => {
    left.splice(left.indexOf(host), 1);
    allowPart();
    await pause(random.next() * 150);
    await host.kill();
    await pause(random.next() * 100);
    await host.start();
  };
  allowPart();
  while (left.length > 0) {
    const host = pick(left);
    const other = random.next() < 0.2 ? left.find((one) => one !== host) : undefined;
    const chance = random.next();
    if (chance < 0.25) {
      mesh.cut(pick(IDS), pick(IDS));
      linksCut += 1;
    } else if (chance < 0.5) mesh.mend();
    await Promise.all([host, other].map((one) => one && crash(one)));
  }
  mesh.mend();
  allowance.end();
  return { killed: parts - 1, linksCut };
}

async function listen(
  host: HostProcess,
  { since, heard, signal }: { readonly since: string; readonly heard: ToldEvent[]; readonly signal: AbortSignal },
): Promise<void> {
  for await (const { event } of createChangesClient(host.url, { since, signal })) heard.push(event);
}

/** Resolves when each has heard so many different changes, or nobody has heard anything for long. */
async function untilHeard(
  total: number,
  hearings: () => readonly (readonly ToldEvent[])[],
  hasten: () => Promise<unknown>,
): Promise<void> {
  let size = -1;
  for (let quietSinceMs = Date.now(); Date.now() - quietSinceMs < QUIET_MS_MAX; ) {
    const now = hearings();
    if (now.every((heard) => new Set(heard.map(({ id }) => id)).size >= total)) return;
    const nowSize = now.reduce((sum, { length }) => sum + length, 0);
    if (nowSize !== size) quietSinceMs = Date.now();
    else await hasten();
    size = nowSize;
    await pause(200);
  }
}
