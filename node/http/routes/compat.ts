// What hosts of the original ask of each other (node/compat/README.md). Nothing here changes anything.
import type { Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Host, Roster } from '../../../mesh/roster.ts';
import type { ClaimStatus } from '../../../mesh/state/claim-store.ts';
import type { Agent } from '../../registry/agent.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { EXCHANGE_PEERS_PATH, REGISTER_PEER_PATH } from '../paths.ts';
import { joinInTurns, LongLists } from '../streams/long-list.ts';

export interface CompatServices {
  readonly version: string;
  readonly roster: () => Roster;
  readonly agents: () => readonly Agent[];
  readonly status: () => ClaimStatus;
  readonly port: () => number;
  readonly clock: Clock;
}

/** What the original sends of itself; more is let pass. */
const host = z.looseObject({ id: z.string().min(1), name: z.string().min(1), url: z.string().min(1) });
export const registration = z.looseObject({ host });
/** The hosts that it knows; `knownHosts` may be empty. */
export const exchange = z.looseObject({
  fromHost: host,
  knownHosts: z.array(z.looseObject({ id: z.string().min(1) })),
});

export function compatRoutes(app: Hono, { version, roster, agents, status, port, clock }: CompatServices): void {
  const lists = new LongLists();
  const now = () => new Date(clock.wallMs()).toISOString();
  resource(app, '/api/config', {
    GET: (c) => {
      const runtime = { platform: process.platform, nodeVersion: process.version };
      const off = { loggingEnabled: false, conversationIndexerEnabled: false };
      return c.json({ version, ...off, ...runtime, port: String(port()) });
    },
  });
  resource(app, '/api/diagnostics', {
    GET: (c) => c.json(diagnosis(roster().self, agents().length, status(), now())),
  });
  resource(app, '/api/agents/directory', {
    GET: async (c) => {
      const { url } = roster().self;
      const all = agents();
      const lastSeen = now();
      const entryOf = ({ name, hostId }: Agent) =>
        JSON.stringify({ name, hostId, hostUrl: url, source: 'local', lastSeen });
      const entries = await lists.make(() => joinInTurns(all, clock, entryOf));
      const stats = JSON.stringify({ total: all.length, local: all.length, remote: 0 });
      const body = [Buffer.from('{"success":true,"entries":['), entries, Buffer.from(`],"stats":${stats}}`)];
      return c.body(Buffer.concat(body), 200, { 'Content-Type': 'application/json' });
    },
  });
  resource(app, '/api/agents/by-name/:name', {
    GET: (c) => {
      const name = pathSegment(c, 'name');
      const agent = agents().find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (agent === undefined)
        throw new MeshError('not_found', `There is no agent called '${name.slice(0, 128)}' on this host.`, {
          extra: { exists: false },
        });
      const { id, hostId } = agent;
      return c.json({ exists: true, agent: { id, name: agent.name, hostId, hostUrl: roster().self.url } });
    },
  });
  peerRoutes(app, roster);
}

function peerRoutes(app: Hono, roster: CompatServices['roster']): void {
  resource(app, REGISTER_PEER_PATH, {
    POST: async (c) => {
      const { host } = await readJson(c, registration);
      const { self, peers } = roster();
      const knownHosts = peers.filter(({ id }) => id !== host.id.toLowerCase()).map(identityOf);
      const known = { success: true, registered: false, alreadyKnown: true };
      return c.json({ ...known, host: identityOf(self), knownHosts });
    },
  });
  resource(app, EXCHANGE_PEERS_PATH, {
    POST: async (c) => {
      const { knownHosts } = await readJson(c, exchange);
      const here = new Set<string>(roster().hosts.map(({ id }) => id));
      const alreadyKnown = knownHosts.flatMap(({ id }) => (here.has(id.toLowerCase()) ? [id] : []));
      return c.json({ success: true, newlyAdded: [], alreadyKnown, unreachable: [] });
    },
  });
}

function identityOf({ id, name, url }: Host) {
  return { id, name, url };
}

function diagnosis(self: Host, agents: number, { ready, why }: ClaimStatus, timestamp: string) {
  const checks = [
    { name: 'agent-registry', status: 'pass', message: `Writable (${agents} agents)` },
    { name: 'node-version', status: 'pass', message: `Node.js ${process.version}` },
    ready
      ? { name: 'claims', status: 'pass', message: 'Addresses can be claimed' }
      : { name: 'claims', status: 'warn', message: why ?? 'No address can be claimed now' },
  ];
  const passed = checks.filter((check) => check.status === 'pass').length;
  const warnings = checks.length - passed;
  const summary = { total: checks.length, passed, failed: 0, warnings, status: warnings === 0 ? 'pass' : 'warn' };
  return { timestamp, hostname: self.name, summary, checks };
}
