// A registry on a disk and with voters in memory, and the routes in front of it: what most tests of the registry begin with.
import type { Hono } from 'hono';
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import type { HostId } from '../../mesh/names.ts';
import type { agentForm } from '../../node/http/agent-form.ts';
import { addressRoutes } from '../../node/http/routes/addresses.ts';
import { agentRoutes } from '../../node/http/routes/agents.ts';
import { createShell } from '../../node/http/shell.ts';
import type { LegacyOwners } from '../../node/registry/address-claims.ts';
import { EmailIndex } from '../../node/registry/email-index.ts';
import { openRegistry, type Registry } from '../../node/registry/registry.ts';
import { MemoryClaims } from './memory-claims.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export const MAC = 'mac' as HostId;

export interface TestRegistry {
  readonly store: MemoryStore;
  readonly claims: MemoryClaims;
  readonly index: EmailIndex;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  readonly registry: Registry;
  readonly app: Hono;
}

export interface TestRegistryOptions {
  readonly disk?: MemoryDisk;
  /** In place of one that is made from `disk`. */
  readonly store?: MemoryStore;
  readonly claims?: MemoryClaims;
  /** Absent: there is no legacy peer. */
  readonly legacy?: LegacyOwners;
  readonly seed?: number;
  readonly clock?: VirtualClock;
}

export async function testRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { disk, claims = new MemoryClaims(), seed = 1, clock = new VirtualClock() } = options;
  const store = options.store ?? new MemoryStore(disk === undefined ? {} : { disk });
  const random = seededRandom(seed);
  const log = new RecordingLog();
  const index = new EmailIndex({ self: () => ({ url: 'http://127.0.0.1:23000' }), random });
  const registry = await openRegistry({
    store,
    claims,
    legacy: options.legacy ?? { ownerOf: async () => undefined, claimed: () => undefined },
    index,
    parseAddress: parseIdentityAddress,
    clock,
    random,
    log,
    hostId: MAC,
  });
  const app = createShell(log);
  agentRoutes(app, registry, clock);
  addressRoutes(app, registry);
  return { store, claims, index, clock, log, registry, app };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** One request, with `json` as its body. */
export async function call(app: Hono, method: string, path: string, json?: unknown): Promise<Answer> {
  const body =
    json === undefined ? {} : { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
  const response = await app.request(path, { method, ...body });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The agent of an answer `{"agent": …}`. */
export function agentOf(answer: Answer): ReturnType<typeof agentForm> {
  return (answer.body as { agent: ReturnType<typeof agentForm> }).agent;
}
