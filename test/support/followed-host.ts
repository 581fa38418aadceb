import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import {
  FEED_PATH,
  type FeedQuestion,
  feedQuestionSchema,
  type SnapshotAgent,
  snapshotQuestionSchema,
} from '../../mesh/feed/messages.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { PeerAnswer, PeerRequest, PeerTransport } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { FeedLog } from '../../node/changes/change-log.ts';
import { FeedServer } from '../../node/feed/feed-server.ts';
import { Followers } from '../../node/feed/followers.ts';
import { HostCopies } from '../../node/feed/host-copies.ts';
import { aRow, nothing, openTestLog, ownEntry } from './log-entries.ts';
import { RecordingLog } from './recording-log.ts';
import { rosterOf } from './roster-of.ts';
import { seededRandom } from './seeded-random.ts';
import { testKeys } from './test-keys.ts';
import { VirtualClock } from './virtual-clock.ts';

export const { cloud } = testKeys('cloud');
const puck = 'p1' as AgentId;

export const rowOf = (address: string, members: Partial<IndexRow> = {}) =>
  aRow(address, { hostId: cloud.id, agentId: puck, agentName: 'puck', ...members });

/** What becomes of a question; `pass` has `cloud` answer it, with some members of it changed. */
export type Line = (request: PeerRequest, pass: Pass) => Promise<PeerAnswer> | PeerAnswer;
export type Pass = (change?: object) => Promise<PeerAnswer>;

/** What `cloud` answers to whoever follows it. */
function serverOf(changes: FeedLog, agents: ReadonlyMap<AgentId, SnapshotAgent>, clock: VirtualClock): FeedServer {
  return new FeedServer({
    hostId: cloud.id,
    log: new RecordingLog(),
    changes,
    signer: cloud.signer,
    clock,
    index: () => '"1"',
    random: seededRandom(4),
    agents: () => [...agents.values()].map((agent) => ({ read: () => agent })),
  });
}

/** Questions to `server`, each as the line has it; one that is given up ends as a silent peer's. */
function transportOver(line: Line, server: FeedServer): PeerTransport {
  return {
    ask: (request, signal) => {
      const silent = Promise.withResolvers<never>();
      signal?.addEventListener('abort', () => silent.reject(new MeshError('peer_silent', 'Nobody waits.')));
      silent.promise.catch(nothing);
      const pass: Pass = async (change) => {
        const body = { ...structuredClone(request.body as object), ...change };
        const answer =
          request.path === FEED_PATH
            ? await server.answer(feedQuestionSchema.parse(body), new AbortController().signal)
            : server.snapshot(snapshotQuestionSchema.parse(body));
        return { status: 200, body: answer };
      };
      return Promise.race([line(request, pass), silent.promise]);
    },
  };
}

/** `cloud` as it is followed, and `mac` which follows it. */
export async function follow(line: Line = (_, pass) => pass(), { paceMs = 0 } = {}) {
  const clock = new VirtualClock();
  const said = new RecordingLog();
  const { changes: told } = await openTestLog({ clock, seed: 2 });
  const agents = new Map<AgentId, SnapshotAgent>();
  const server = serverOf(told, agents, clock);
  const { changes, store } = await openTestLog({ clock });
  const copies = await HostCopies.open(store, clock);
  const state = { line, roster: rosterOf('mac', 'cloud') as Roster, isLegacy: false, isMember: false };
  const asked: PeerRequest[] = [];
  const followers = new Followers({
    ...{ changes, copies, clock, log: said, random: { next: () => 0.5 }, parseAddress: parseIdentityAddress },
    roster: () => state.roster,
    transport: transportOver((request, pass) => {
      asked.push(request);
      return state.line(request, pass);
    }, server),
    keyOf: (id: HostId) => testKeys(id)[id]?.key,
    isLegacy: () => state.isLegacy,
    voters: () => [],
    isForming: () => false,
    isMember: () => state.isMember,
    paceMs,
  });
  const stop = new AbortController();
  const ended = followers.run(stop.signal);
  const put = async (row: IndexRow) => {
    const known = agents.get(row.agentId)?.rows ?? [];
    const rows = { put: [row], drop: [] };
    const replaced = known.filter(({ key }) => key === row.key);
    await told.append([ownEntry(told.ownHead.n + 1, { ...aboutOf(row), rows, replaced })], [], nothing);
    const kept = known.filter(({ key }) => key !== row.key);
    agents.set(row.agentId, { id: row.agentId, name: row.agentName, sequence: told.ownHead.n, rows: [...kept, row] });
    await clock.settle();
  };
  const questions = () => asked.filter(({ path }) => path === FEED_PATH).map(({ body }) => body as FeedQuestion);
  const heard = async () => (await changes.read(0, 1_000)).map(({ event, agent }) => `${event} ${agent.id}`);
  const shown = () => [...copies.copy.ofHost(cloud.id)].map(({ address }) => address).sort();
  const view = () => followers.viewOf(cloud.id);
  const end = () => {
    stop.abort();
    return ended;
  };
  await clock.settle();
  return {
    ...{ clock, said, told, agents, server, changes, store, copies, state, asked },
    ...{ followers, put, questions, heard, shown, view, end },
  };
}

const aboutOf = ({ agentId, agentName }: IndexRow) => ({
  event: 'agent.email.changed' as const,
  agent: { id: agentId, name: agentName, hostId: cloud.id },
});

export const silent: Line = () => Promise.reject(new MeshError('peer_silent', "Host 'cloud' did not answer."));
