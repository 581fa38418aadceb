// Host `mac` with a full index, the route in front of it and peers that do as a test says.
import type { Hono } from 'hono';
import type { LookUpMeta } from '../../mesh/lookup/fan-out.ts';
import type { IndexEntry, ParseAddress } from '../../mesh/lookup/index-entry.ts';
import { createLookUps } from '../../mesh/lookup/look-ups.ts';
import type { AddressKey } from '../../mesh/names.ts';
import { rosterOf as makeRoster } from '../../mesh/roster.ts';
import { Copy } from '../../node/feed/copy.ts';
import { WideIndex } from '../../node/http/lookup/wide-index.ts';
import { emailIndexRoutes } from '../../node/http/routes/email-index.ts';
import { createShell } from '../../node/http/shell.ts';
import { AgentTable, indexStored } from '../../node/registry/agent-table.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { addressOf, agentOf } from './agent-of.ts';
import { parsePlainAddress } from './plain-address.ts';
import { RecordingLog } from './recording-log.ts';
import { rosterOf } from './roster-of.ts';
import { type PeerScript, ScriptedPeers, says } from './scripted-peers.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export const INDEX_PATH = '/api/agents/email-index';

/** The bare map, or `emails` and `meta`. */
interface IndexBody extends Record<string, unknown> {
  readonly emails: Record<string, IndexEntry>;
  readonly meta: LookUpMeta;
}

/**
 * Agents titania (two addresses), puck (whose claim of pending@x.com is not done), plus (one with a plus in it) and quiet (email disabled). `before` may put middleware in front.
 */
export function indexNode(
  scripts: Record<string, PeerScript> = { cloud: says({}) },
  before: (app: Hono, clock: VirtualClock) => void = () => {},
  parseAddress: ParseAddress = parsePlainAddress,
  isWide = false,
) {
  let roster = rosterOf('mac', ...Object.keys(scripts));
  const index = new EmailIndex({ self: () => roster.self, random: seededRandom(1) });
  const named = addressOf('titania@x.com', { primary: true, displayName: 'Titania', metadata: { tenant: '23blocks' } });
  const agents = [
    agentOf('titania', [], { addresses: [named, addressOf('queen@x.com')] }),
    agentOf('plus', ['a+b@x.com']),
    agentOf('quiet', ['quiet@x.com'], { emailEnabled: false }),
  ];
  for (const agent of agents) indexStored(index, agent);
  const table = new AgentTable(index, agents);
  const clock = new VirtualClock();
  const transport = new ScriptedPeers(scripts);
  const log = new RecordingLog();
  const local = (question: Parameters<EmailIndex['answer']>[0]) => index.answer(question);
  const copy = new Copy(clock);
  const isLegacy = () => false;
  const known = { copy, clock, roster: () => roster, isLegacy };
  const lookUps = createLookUps({ ...known, transport, local, parseAddress, isDown: () => false });
  const wide = isWide ? new WideIndex({ ...known, index, copyVersion: () => copy.version }) : undefined;
  const app = createShell(log);
  before(app, clock);
  const claimed = { agent: agentOf('puck', ['pending@x.com']), entry: addressOf('pending@x.com') };
  const pending = (key: AddressKey) => (key === 'pending@x.com' ? claimed : undefined);
  emailIndexRoutes(app, {
    ...{ index, lookUps, parseAddress, pending, clock, wide, observer: { note: () => {} } },
    agents: (after, limit) => table.page(after, limit),
  });
  const get = async (query = '', headers: Record<string, string> = {}) => {
    const asked = app.request(`${INDEX_PATH}${query}`, { headers });
    await clock.advance(1);
    const response = await asked;
    return { status: response.status, headers: response.headers, body: (await response.json()) as IndexBody };
  };
  /** hosts.json says another URL of the host. */
  const move = (id: string, url: string) => {
    const hosts = roster.hosts.map((host) => (host.id === id ? { ...host, url } : host));
    roster = makeRoster(hosts, roster.self);
  };
  return { app, index, clock, transport, log, get, copy, move };
}
