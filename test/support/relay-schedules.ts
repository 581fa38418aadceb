// Schedules made by hand, for what a relay may do to those who follow through it, and chance does not find: it lies with its own key, keeps
// something back and says that nothing is new, or is silent. Each ends without a peace in which everybody asks everybody.
import { firstChain, nextChain } from '../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../mesh/feed/feed-entry.ts';
import { type SignedHead, signHead } from '../../mesh/feed/head.ts';
import type { RelayAnswer } from '../../mesh/feed/relay-messages.ts';
import type { RelayedRun } from '../../mesh/feed/relayed-runs.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import { FeedSimulation, type FeedSimulationOptions, type Way } from './feed-simulation.ts';
import type { Faults } from './simulated-links.ts';
import { testKeys } from './test-keys.ts';

/** How many changes are made for one to be relayed: some change nothing. */
const CHANGES_MAX = 100;
const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const [cloud, mac, mini, nas, pi] = ['cloud', 'mac', 'mini', 'nas', 'pi'] as string[] as [
  ...[HostId, HostId, HostId, HostId, HostId],
];

type News = Extract<RelayAnswer, { readonly kind: 'runs' }>;
type Troubles = readonly string[];

/** What the relay makes of each answer to `mini`, from the moment that it is given. */
interface Liar {
  lie: ((news: News, way: Way) => unknown) | undefined;
}

interface Mesh {
  readonly mesh: FeedSimulation;
  readonly liar: Liar;
}

/** Five hosts: `voters` among them, and `mini` follows through those. Nobody is up. */
function meshOf(voters: readonly HostId[], options: FeedSimulationOptions): Mesh {
  const liar: Liar = { lie: undefined };
  const alter = (body: unknown, _: unknown, way: Way) => {
    const isNews = way.to === mini && (body as RelayAnswer).kind === 'runs';
    return isNews && liar.lie !== undefined ? liar.lie(body as News, way) : body;
  };
  const mesh = new FeedSimulation(1, [cloud, mac, mini, nas, pi], CALM, { voters, alter, ...options });
  mesh.alteredShare = 1;
  return { mesh, liar };
}

/** They know each other, and some agents are there. */
async function settled(voters: readonly HostId[], options: FeedSimulationOptions): Promise<Mesh> {
  const { mesh, liar } = meshOf(voters, options);
  for (const id of mesh.hostIds) await mesh.start(id);
  await mesh.advance(20_000);
  for (const id of mesh.hostIds) await changed(mesh, id);
  await mesh.advance(20_000);
  return { mesh, liar };
}

async function changed(mesh: FeedSimulation, id: HostId): Promise<void> {
  for (let more = 0; more < 3; more += 1) {
    mesh.change(id);
    await mesh.advance(100);
  }
}

const troubles = (mesh: FeedSimulation, ...owners: readonly HostId[]): Troubles => [
  ...mesh.violations,
  ...owners.flatMap((owner) => mesh.missing(mini, owner)),
];

/** The only relay leaves one run out, once, and says of itself what is true. */
async function lostRun(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = await settled([cloud], options);
  liar.lie = (news) => {
    if (news.runs.length === 0) return news;
    liar.lie = undefined;
    return { ...news, runs: news.runs.slice(1) };
  };
  for (let changes = 0; liar.lie !== undefined && changes < CHANGES_MAX; changes += 1) {
    mesh.change(nas);
    await mesh.advance(2_000);
  }
  if (liar.lie !== undefined) return [`${cloud} has relayed nothing of ${CHANGES_MAX} changes`];
  await mesh.advance(60_000);
  return troubles(mesh, nas);
}

/** The relay that bears says that nothing is new, and that it has just heard everybody. */
async function keptBack(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = await settled([cloud, mac], options);
  const last = new Map<HostId, News>();
  const liars = new Set<HostId>();
  liar.lie = (news, { from }) => {
    const before = last.get(from);
    // Only who bears is sent runs.
    if (news.runs.length > 0) liars.add(from);
    if (before === undefined || !liars.has(from)) last.set(from, news);
    if (!liars.has(from) || before === undefined) return news;
    return { ...before, runs: [], others: [], ages: { ageMs: 0, older: [] } };
  };
  await mesh.advance(10_000);
  await changed(mesh, nas);
  await mesh.advance(30_000);
  return troubles(mesh, nas);
}

/** The relay that bears is reached no more: another one takes its place, which is soon told what is new. */
async function silentRelay(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = await settled([cloud, mac, pi], options);
  let bearing: HostId | undefined;
  liar.lie = (news, { from }) => {
    if (news.runs.length > 0) bearing ??= from;
    return news;
  };
  await changed(mesh, nas);
  await mesh.advance(2_000);
  if (bearing === undefined) return ['nobody bears'];
  mesh.cut(bearing, mini);
  await mesh.advance(30_000);
  await changed(mesh, nas);
  await mesh.advance(1_500);
  return troubles(mesh, nas);
}

/** The relay invents an entry of `nas`, and signs with its own key for it. */
async function forgedRun(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = await settled([cloud], options);
  await invent(mesh, liar, nas);
  return troubles(mesh, nas);
}

/** The same when `mini` does not know the key of `nas`, which answers it no more. */
async function strangersRun(options: FeedSimulationOptions): Promise<Troubles> {
  let isStrange = false;
  const isStranger = (to: HostId, host: HostId) => isStrange && to === mini && host === nas;
  const { mesh, liar } = await settled([cloud], { ...options, isStranger });
  isStrange = true;
  mesh.cut(nas, mini);
  await invent(mesh, liar, nas);
  return mesh.violations;
}

/** The relay says of `nas`, which answers `mini` nothing, that it has a log without entries and no agents, and signs with its own key for it. */
async function forgedNothing(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = meshOf([cloud], options);
  const logId = 'e'.repeat(32);
  const said = { hostId: nas, logId, n: 0, chain: firstChain(logId), digest: EMPTY_DIGEST, at: '2026-01-27T12:00:00Z' };
  const head = signHead(said, relaysSigner());
  let lies = 0;
  liar.lie = (news) => {
    lies += 1;
    return { ...news, runs: [...news.runs.filter((run) => run.head.hostId !== nas), { entries: [], head }] };
  };
  mesh.cut(nas, mini);
  for (const id of mesh.hostIds) await mesh.start(id);
  await mesh.advance(20_000);
  return lies === 0 ? [`${cloud} has relayed nothing`] : mesh.violations;
}

/** The relay tells, in its own log and signed with its own key, of an agent of `nas`. */
async function foreignEntry(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh, liar } = await settled([cloud], options);
  await invent(mesh, liar, cloud);
  return troubles(mesh, cloud);
}

/** From now on, whenever the relay has something of `origin`, it tells of one entry more than there is. */
async function invent(mesh: FeedSimulation, liar: Liar, origin: HostId): Promise<void> {
  let isDone = false;
  liar.lie = (news) => {
    const runs = news.runs.map((run) => (run.head.hostId === origin ? longer(run) : run));
    isDone ||= runs.some((run, at) => run !== news.runs[at]);
    return { ...news, runs };
  };
  for (let more = 0; more < 20 && !isDone; more += 1) {
    mesh.change(origin);
    await mesh.advance(3_000);
  }
  liar.lie = undefined;
  await mesh.advance(40_000);
}

function longer({ entries, head }: RelayedRun): RelayedRun {
  const { signature: _, ...rest } = head;
  const n = head.n + 1;
  const entry: FeedEntry = {
    ...{ n, id: 'invented', event: 'agent.created', timestamp: head.at, sequence: 1 },
    agent: { id: 'agent-invented' as AgentId, name: 'invented', hostId: nas },
    changes: { added: [], removed: [], modified: [], current: [] },
  };
  const said = { ...rest, n, chain: nextChain(head.chain, entry) };
  const signed: SignedHead = signHead(said, relaysSigner());
  return { entries: [...entries, entry], head: signed };
}

function relaysSigner(): Signer {
  const { signer } = testKeys(cloud)[cloud] ?? {};
  if (signer === undefined) throw new Error('The relay has no key.');
  return signer;
}

/** A host is gone: what is known of it is as of its last word, through whomever it was heard. */
async function lastWord(options: FeedSimulationOptions): Promise<Troubles> {
  const { mesh } = await settled([cloud, mac], options);
  const crashedMs = mesh.clock.monotonicMs();
  mesh.crash(nas);
  await mesh.advance(35_000);
  const confirmedMs = mesh.confirmedMs(mini, nas) ?? 0;
  return confirmedMs > crashedMs
    ? [`mini says that ${nas} was heard ${confirmedMs - crashedMs} ms after it crashed`]
    : mesh.violations;
}

export const RELAY_SCHEDULES = {
  ...{ lostRun, keptBack, silentRelay, forgedRun, forgedNothing, strangersRun, foreignEntry, lastWord },
} as const;

export type RelayScheduleName = keyof typeof RELAY_SCHEDULES;
