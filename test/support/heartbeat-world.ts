// One heartbeat and a peer that does as a test says, by a virtual clock.
import { MeshError } from '../../mesh/errors.ts';
import { parseRoster } from '../../mesh/hosts-json.ts';
import { GREETING_INTERVAL_MS } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../mesh/peer-silence.ts';
import type { PeerAnswer } from '../../mesh/ports.ts';
import type { Greeting } from '../../mesh/state/messages.ts';
import { Heartbeat } from '../../node/peers/heartbeat/heartbeat.ts';
import { TURN_MS } from '../../node/peers/heartbeat/heartbeat-times.ts';
import { Presence } from '../../node/peers/heartbeat/presence.ts';
import type { Learned } from '../../node/peers/keys/first-contact.ts';
import { RecordingLog } from './recording-log.ts';
import { urlOf } from './roster-of.ts';
import { ScriptedPeers } from './scripted-peers.ts';
import { testKeys } from './test-keys.ts';
import { VirtualClock } from './virtual-clock.ts';

export const CLOUD = 'cloud' as HostId;
const { key } = testKeys('cloud').cloud;
export const LAG_MS = 10;
/** From a peer's last word until its silence is seen: it lets its turn go by, and does not answer. */
export const SILENCE_MS_MAX = GREETING_INTERVAL_MS + GREETING_MS_MAX;
export const greeting = (index?: string) => ({ about: 'greeting', index }) as Greeting;

const rosterOf = (...hosts: object[]) =>
  parseRoster(JSON.stringify({ hosts: [{ id: 'mac', url: urlOf('mac') }, ...hosts] }), { id: 'mac', hostName: 'mac' });

interface Greeted {
  /** What the peer says to a greeting. */
  readonly answer: 'greeting' | 'silence' | Error;
  readonly index: string | undefined;
}

/** Greets the peer, which does as `world` says. */
async function greetIn(
  world: Greeted,
  to: HostId,
  { clock, heartbeat }: { readonly clock: VirtualClock; readonly heartbeat: Heartbeat },
): Promise<void> {
  const sinceMs = clock.monotonicMs();
  if (world.answer === 'silence') {
    await clock.sleep(GREETING_MS_MAX);
    heartbeat.greeted(to, { sinceMs, error: new MeshError('peer_silent', 'Nobody answers.') });
    return;
  }
  await clock.sleep(LAG_MS);
  if (world.answer === 'greeting') heartbeat.greeted(to, { sinceMs, reply: greeting(world.index) });
  else heartbeat.greeted(to, { sinceMs, error: world.answer });
}

/** The peer takes its turn for so long: `greet` is called at every other one. */
async function turnsTaken(count: number, greet: () => void, clock: VirtualClock): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await clock.advance(TURN_MS);
    if (turn % 2 === 0) greet();
  }
}

/** What the peer `cloud` is at first. */
function cloudAtFirst() {
  const cloud = { id: 'cloud', url: urlOf('cloud') };
  return {
    roster: rosterOf(cloud),
    learned: { kind: 'known', key } as Learned | (() => Promise<Learned>),
    isLegacy: false,
    answer: 'greeting' as Greeted['answer'],
    index: undefined as string | undefined,
    isAwaited: false,
    canWait: false,
    company: new Map([['cloud' as HostId, GREETING_INTERVAL_MS]]),
    relayedAtMs: undefined as number | undefined,
    probe: () => ({ status: 200, body: {} }) as PeerAnswer,
  };
}

/** Host `mac` and its peer `cloud`, which does as the test says. `engine`: the hosts keep no claims. */
export async function heartbeatWorld({ engine = false, next = (): number => 0 } = {}) {
  const [clock, log] = [new VirtualClock(), new RecordingLog()];
  const cloud = { id: 'cloud', url: urlOf('cloud') };
  const world = cloudAtFirst();
  const asked: number[] = [];
  const transport = new ScriptedPeers({ cloud: () => world.probe() });
  const turns: string[] = [];
  const indexes: unknown[] = [];
  const presence = new Presence({
    ...{ keys: { status: () => ({ state: 'pinned' }) }, clock, log },
    relayedAtMs: () => world.relayedAtMs,
    found: (id) => turns.push(`${id} is there`),
    lost: (id, why) => turns.push(`${id} is gone: ${why}`),
    indexSaid: (id, index, atMs) => indexes.push([id, index, atMs]),
  });
  const heartbeat = new Heartbeat({
    ...{ presence, transport, clock, random: { next }, index: () => '"mine"' },
    roster: () => world.roster,
    company: () => world.company,
    ...{ isAwaited: () => world.isAwaited, canWait: () => world.canWait },
    introductions: {
      meet: async () => (typeof world.learned === 'function' ? await world.learned() : world.learned),
    },
    legacy: { has: () => world.isLegacy },
  });
  const greet = async (to: HostId) => {
    asked.push(clock.monotonicMs());
    await greetIn(world, to, { clock, heartbeat });
  };
  const stop = new AbortController();
  let ended: Promise<void> | undefined;
  const start = async () => {
    ended = heartbeat.run(stop.signal, engine ? undefined : (to) => void greet(to));
    // Whoever waits for the end sees how it came.
    ended.catch(() => undefined);
    await clock.settle();
  };
  const takingTurns = (count: number) => turnsTaken(count, () => heartbeat.heard(CLOUD, greeting(world.index)), clock);
  const status = () => presence.of(CLOUD).status;
  const edit = async (...hosts: object[]) => {
    world.roster = rosterOf(...hosts);
    heartbeat.edited();
    await clock.settle();
  };
  return {
    ...{ clock, log, turns, indexes, world, asked, transport, presence, heartbeat },
    ...{ start, stop, takingTurns, status, edit, cloud },
    end: () => ended,
  };
}
