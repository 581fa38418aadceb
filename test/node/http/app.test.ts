// The application is what is put into it: a module that is left out costs nothing, and no group of routes stands in another's way.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../mesh/hosts-json.ts';
import { type AppServices, createApp, type RouteGroup } from '../../../node/http/app.ts';
import { createGate } from '../../../node/http/gate/gate.ts';
import { addressRoutes } from '../../../node/http/routes/addresses.ts';
import { agentRoutes } from '../../../node/http/routes/agents.ts';
import { conflictRoutes } from '../../../node/http/routes/conflicts.ts';
import { healthRoutes } from '../../../node/http/routes/health.ts';
import { operatorDecisionRoutes } from '../../../node/http/routes/operator-decisions.ts';
import { sendRoutes } from '../../../node/http/routes/send-group.ts';
import { toolRoutes } from '../../../node/http/routes/tools.ts';
import { validationRoutes } from '../../../node/http/routes/validation.ts';
import { webhookRoutes } from '../../../node/http/routes/webhooks.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testBlobs } from '../../support/test-blobs.ts';
import { hostsText } from '../../support/test-node.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ROOT = join(import.meta.dirname, '../../..');
const clock = new VirtualClock();
const roster = parseRoster(hostsText('mac'), { id: 'mac', hostName: 'mac' });
/** What is asked for in these tests needs nothing of what the routes stand on. */
const nothing = {} as never;

const GROUPS: Readonly<Record<string, RouteGroup>> = {
  node: (app) => healthRoutes(app, { roster: () => roster, version: '1.2.3' } as never),
  'mesh commands': (app) => operatorDecisionRoutes(app, nothing),
  agents: (app) => agentRoutes(app, nothing, clock),
  addresses: (app) => addressRoutes(app, nothing),
  conflicts: (app) => conflictRoutes(app, nothing),
  webhooks: (app) => webhookRoutes(app, nothing),
  validation: (app) => validationRoutes(app, nothing, clock),
  tools: toolRoutes,
};

function appWith(...routes: readonly RouteGroup[]) {
  const services: AppServices = {
    log: new RecordingLog(),
    gate: createGate({
      ...{ roster: () => roster, secrets: { token: undefined, readToken: undefined } },
      ...{ keys: { actorOf: () => undefined }, clock: new VirtualClock() },
      ...{ aliases: [], origins: [] },
    }),
    origins: [],
    hello: nothing,
    peerAuth: nothing,
    strangerRoutes: [],
    peerRoutes: [],
    emailIndex: nothing,
    routes,
  };
  const { fetch: app } = createApp(services);
  return async (method: string, path: string) =>
    (await app(new Request(`http://localhost${path}`, { method, headers: { host: 'localhost' } }))).status;
}

async function sendGroup(): Promise<RouteGroup> {
  const blobs = await testBlobs({ clock, log: new RecordingLog() });
  return (app) => sendRoutes(app, { sending: nothing, blobs, clock });
}

/** All files that a file imports, and theirs. */
function importsOf(path: string, found = new Set<string>()): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, path), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    const target = normalize(join(dirname(path), specifier));
    if (found.has(target)) continue;
    found.add(target);
    importsOf(target, found);
  }
  return found;
}

describe('an application without the routes of sending', () => {
  it('answers 404 there, and serves the others', async () => {
    const ask = appWith(...Object.values(GROUPS));
    expect(await Promise.all(['send', 'explain'].map((name) => ask('POST', `/api/email/${name}`)))).toEqual([404, 404]);
    expect([await ask('GET', '/api/email/log'), await ask('GET', '/api/email/suppressions')]).toEqual([404, 404]);
    expect([await ask('GET', '/health'), await ask('GET', '/api/email/tools')]).toEqual([200, 200]);
  });

  it('knows nothing of sending', () => {
    const known = [...importsOf('node/http/app.ts')];
    expect(known).toContain('node/http/gate/gate.ts');
    expect(known.filter((path) => path.startsWith('node/send/'))).toEqual([]);
  });

  it('has them when the group is put in', async () => {
    expect(await appWith(await sendGroup())('PUT', '/api/email/send')).toBe(405);
  });
});

describe('the groups of routes', () => {
  /** A path that only fits a pattern by its parameters is somebody else's when it is in another group word for word. */
  const fits = (pattern: string, path: string) =>
    new RegExp(`^${pattern.replace(/:[^/]+/g, '[^/]+')}$`).test(path.replaceAll(':', ''));

  it('fit in any order: no path of one fits another', async () => {
    const groups = await Promise.all(
      Object.entries({ ...GROUPS, send: await sendGroup() }).map(([name, add]) => {
        const app = new Hono();
        add(app);
        return { name, paths: app.routes.map(({ path }) => path) };
      }),
    );
    const clashes = groups.flatMap(({ name, paths }) =>
      groups
        .filter((other) => other.name !== name)
        .flatMap((other) => other.paths.filter((path) => paths.some((pattern) => fits(pattern, path)))),
    );
    expect(groups.flatMap(({ paths }) => paths).length).toBeGreaterThan(25);
    expect(clashes).toEqual([]);
  });
});
