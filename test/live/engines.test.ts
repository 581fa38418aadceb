// The claims in engines that nobody here wrote: real etcd and real PostgreSQL, which are killed under real nodes.
// Longer than 300 lines: the same suite runs over each engine, beside what each of them needs to be started.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from '../../mesh/state/claim-store.ts';
import { openEtcd } from '../../node/engines/etcd-engine.ts';
import { openPostgres } from '../../node/engines/postgres-engine.ts';
import { systemClock } from '../../node/system/clock.ts';
import { Etcd, Postgres, whyNoEtcd, whyNoPostgres } from '../../scripts/engines.ts';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { claimEngineContract } from '../contract/claim-engine.ts';
import { Client, until } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROUNDS = 3;
const AT_ONCE = 40;

const ENGINES = [
  {
    name: 'etcd',
    why: whyNoEtcd(),
    create: () => Etcd.create(),
    open: (url: string) => openEtcd(url, { clock: systemClock }),
  },
  {
    name: 'PostgreSQL',
    why: whyNoPostgres(),
    create: () => Postgres.create(),
    open: async (url: string) => openPostgres(url),
  },
];

/** Ends what hangs; how long anything may take is said of a clock that stands still (test/node/engines). */
const soon = () => AbortSignal.timeout(LIVE_MS_MAX);

const agentOf = (name: string, address: string) => ({
  ...{ id: name, name, tools: { email: { addresses: [{ address }] } } },
});

/** Until it is decided. */
function claim(client: Client, host: HostProcess, ...named: Parameters<typeof agentOf>) {
  return client.decide(host, 'POST', '/api/agents', agentOf(...named));
}

/** Once. */
function tryToClaim(client: Client, host: HostProcess, ...named: Parameters<typeof agentOf>) {
  return client.expect(host, 'POST', '/api/agents', agentOf(...named));
}

/** How many claims of a host that can claim are to be ended yet; `undefined` when it can't. */
async function settled(client: Client, host: HostProcess): Promise<number | undefined> {
  const { status, body } = await client.expect(host, 'GET', '/ready');
  return status === 200 ? body.claims.unsettled : undefined;
}

describe.each(ENGINES)('$name', ({ name, why, create, open }) => {
  describe.skipIf(why !== undefined)(why === undefined ? 'real' : `skipped: ${why}`, () => {
    let engine: Etcd | Postgres;
    beforeAll(async () => {
      engine = await create();
    }, LIVE_MS_MAX);
    afterAll(() => engine[Symbol.asyncDispose]());

    claimEngineContract(name, () => ({ open: () => open(engine.url) }));

    it('keeps one owner per address for three nodes, and while it is away nothing is claimed and look-ups go on', {
      timeout: LIVE_MS_MAX,
    }, async () => {
      const environment = { MESH_CLAIMS: engine.url };
      await using mesh = await ProcessMesh.create([{ id: 'cloud' }, { id: 'mac' }, { id: 'mini' }], { environment });
      await mesh.start();
      await using client = new Client();
      const [cloud, mac, mini] = mesh.hosts as [HostProcess, HostProcess, HostProcess];
      const addresses = Array.from({ length: 10 }, (_, at) => `race-${name}-${at}@x.com`);
      const answers = await Promise.all(
        addresses.flatMap((address, at) => mesh.hosts.map((host) => claim(client, host, `${host.id}-${at}`, address))),
      );
      expect(answers.filter(({ status }) => status === 201).length).toBe(addresses.length);
      expect(answers.filter(({ status }) => status === 409).length).toBe(2 * addresses.length);

      await engine.kill();
      const refused = await tryToClaim(client, mac, 'late', `late-${name}@x.com`);
      expect([refused.status, refused.body.reason]).toEqual([503, 'engine_unavailable']);
      expect((await client.expect(mac, 'GET', '/ready')).status).toBe(503);
      const found = await client.lookUp(mini);
      expect(Object.keys(found.body.emails).length).toBe(addresses.length);
      const winner = answers.find(({ status, body }) => status === 201 && body.agent.hostId === 'cloud');
      const gone = winner === undefined ? undefined : winner.body.agent;
      if (gone !== undefined) expect((await client.expect(cloud, 'DELETE', `/api/agents/${gone.id}`)).status).toBe(202);

      // Killed in the middle of it: what was not acknowledged is aborted when both are there again.
      await mac.kill();
      await engine.start();
      await mac.start();
      await until(async () => (await client.expect(mac, 'GET', '/ready')).status === 200);
      await until(async () => (await client.expect(cloud, 'GET', '/ready')).body.claims?.unsettled === 0);
      expect((await claim(client, mini, 'late', `late-${name}@x.com`)).status).toBe(201);
      if (gone !== undefined) {
        const address = String(gone.tools.email.addresses[0]?.address);
        expect((await claim(client, mini, 'heir', address)).status).toBe(201);
      }
    });

    it('may be killed under claims: every node lives on, and nothing that was not acknowledged stays', {
      timeout: LIVE_MS_MAX,
    }, async () => {
      const environment = { MESH_CLAIMS: engine.url };
      await using mesh = await ProcessMesh.create([{ id: 'cloud' }, { id: 'mac' }, { id: 'mini' }], { environment });
      await mesh.start();
      await using client = new Client();
      const pids = mesh.hosts.map(({ pid }) => pid);
      const lost: { readonly by: HostProcess; readonly address: string }[] = [];
      // An engine may have ended all of a round before it is killed: then that round tells nothing.
      for (let round = 0; round < ROUNDS || lost.length === 0; round += 1) {
        const asked = mesh.hosts.flatMap((by) =>
          Array.from({ length: AT_ONCE }, (_, at) => ({ by, address: `${by.id}-${at}-of-${round}-${name}@x.com` })),
        );
        const answers = asked.map(({ by, address }) => tryToClaim(client, by, address.replace('@', '-'), address));
        await Promise.any(answers.map((answer) => answer.then(({ status }) => expect(status).toBe(201))));
        await engine.kill();
        const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
        expect(new Set([...statuses, 201, 503])).toEqual(new Set([201, 503]));
        lost.push(...asked.filter((_, at) => statuses[at] === 503));
        for (const host of mesh.hosts)
          expect((await client.expect(host, 'GET', '/api/agents/email-index')).status).toBe(200);
        await engine.start();
        for (const host of mesh.hosts) await until(async () => (await settled(client, host)) === 0);
      }
      expect(mesh.hosts.map(({ pid }) => pid)).toEqual(pids);
      for (const [at, { by, address }] of lost.entries()) {
        const heir = mesh.hosts.find((host) => host !== by) as HostProcess;
        expect([address, (await claim(client, heir, `heir-${at}`, address)).status]).toEqual([address, 201]);
      }
    });
  });
});

/**
 * Whether a commit waits for the standby. The server tells its processes of a setting one after the other, and it waits only once that one was
 * told which keeps it for all of them: no setting that a backend shows says so.
 */
async function waitsForStandby({ url }: Postgres, admin: Pool): Promise<boolean> {
  const trying = new Pool({ connectionString: url, max: 1 });
  try {
    const { pid } = (await trying.query('SELECT pg_backend_pid() AS pid')).rows[0];
    let isOver = false;
    const committed = trying.query("SELECT pg_logical_emit_message(true, 'test', 'tried')").finally(() => {
      isOver = true;
    });
    const isWaiting = async () =>
      (await admin.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'", [pid]))
        .rowCount === 1;
    let waits = false;
    while (!isOver && !waits) waits = await isWaiting();
    // It is committed all the same, without the standby.
    if (waits) await admin.query('SELECT pg_cancel_backend($1)', [pid]);
    await committed;
    return waits;
  } finally {
    await trying.end();
  }
}

describe.skipIf(whyNoPostgres() !== undefined)('PostgreSQL whose standby is away', () => {
  it('does not say that a claim is ended while its insertion is still under way', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using postgres = await Postgres.create();
    const admin = new Pool({ connectionString: postgres.url, max: 1 });
    const before = openPostgres(postgres.url);
    const owner = {
      hostId: 'mac',
      agentId: 'a1',
      agentName: 'a1',
      claimId: 'claim-left',
      since: '2026-01-27T12:00:00Z',
    };
    const claimed = { key: 'left@x.com', owner } as unknown as Claim;
    const released = [{ key: claimed.key, claimId: claimed.owner.claimId }];
    expect(await before.read(claimed.key, soon())).toBeNull();
    await before.close();
    await admin.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await admin.query('SELECT pg_reload_conf()');
    await until(() => waitsForStandby(postgres, admin));
    const engine = openPostgres(postgres.url);
    /** Gives up what is asked once the server is seen to wait with it. */
    const givenUp = async (waitsFor: string, ask: (signal: AbortSignal) => Promise<unknown>) => {
      const patience = new AbortController();
      const asked = expect(ask(patience.signal)).rejects.toThrow(/can't be asked: it was given up/);
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'agent-email-mesh' AND wait_event = $1";
      await until(async () => (await admin.query(waiting, [waitsFor])).rowCount === 1);
      patience.abort(new Error('it was given up'));
      await asked;
    };
    await givenUp('SyncRep', (signal) => engine.put([claimed], signal));
    await givenUp('transactionid', (signal) => engine.release(released, signal));
    await admin.query('ALTER SYSTEM RESET synchronous_standby_names');
    await admin.query('SELECT pg_reload_conf()');
    await engine.release(released, soon());
    expect(await engine.read(claimed.key, soon())).toBeNull();
    await Promise.all([engine.close(), admin.end()]);
  });
});

describe.skipIf(whyNoEtcd() !== undefined)('etcd, asked late', () => {
  it('does not put what was given up while the request was still under way', { timeout: LIVE_MS_MAX }, async () => {
    await using etcd = await Etcd.create();
    const engine = await openEtcd(etcd.url, { clock: systemClock });
    const owner = {
      hostId: 'mac',
      agentId: 'a1',
      agentName: 'a1',
      claimId: 'claim-late',
      since: '2026-01-27T12:00:00Z',
    };
    const late = { key: 'late@x.com', owner } as unknown as Claim;
    await engine.abort([{ key: late.key, claimId: late.owner.claimId }], soon());
    await expect(engine.put([late], soon())).rejects.toThrow(/aborted before they came/);
    expect(await engine.read(late.key, soon())).toBeNull();
    await engine.close();
  });
});

const claimOf = (claimId: string, key: string) => {
  const owner = { hostId: 'mac', agentId: 'a1', agentName: 'a1', claimId, since: '2026-01-27T12:00:00Z' };
  return { key, owner } as unknown as Claim;
};

describe.skipIf(whyNoEtcd() !== undefined)('etcd of three members', () => {
  it('is asked through the next when one hangs, and a put that the one wakes with is refused', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const members = await Etcd.createCluster(3);
    for (const member of members) stack.use(member);
    const hosts = members.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const [through, next] = [
      await openEtcd(`etcd://${hosts}`, { clock: systemClock }),
      await openEtcd(`etcd://${hosts}`, { clock: systemClock }),
    ];
    stack.defer(() => next.close());
    stack.defer(() => through.close());
    await until(() =>
      through.ping(soon()).then(
        () => true,
        () => false,
      ),
    );
    const [hung] = members as [Etcd];
    hung.signal('SIGSTOP');
    const mine = claimOf('claim-mine', 'hung@x.com');
    // It may have led the others, who then refuse until they have another leader.
    await until(() =>
      through.put([mine], soon()).then(
        () => true,
        () => false,
      ),
    );
    await through.put([claimOf('claim-more', 'more@x.com')], soon());
    await through.release([{ key: mine.key, claimId: mine.owner.claimId }], soon());
    const theirs = claimOf('claim-theirs', 'theirs@x.com');
    const rival = { ...claimOf('claim-rival', 'theirs@x.com'), key: theirs.key };
    await through.put([theirs], soon());
    // The other starts with the one that hangs.
    expect((await next.put([rival], soon()))?.owner).toEqual(theirs.owner);
    await through.release([{ key: theirs.key, claimId: theirs.owner.claimId }], soon());
    hung.signal('SIGCONT');
    for (const claim of [mine, rival]) {
      await expect(through.put([claim], soon())).rejects.toThrow(/aborted before they came/);
      expect(await through.read(claim.key, soon())).toBeNull();
    }
  });

  it('is asked through the next when one is not there, or has no leader', { timeout: LIVE_MS_MAX }, async () => {
    await using stack = new AsyncDisposableStack();
    const troubled = createServer((_, answer) => answer.writeHead(503).end('{"message":"etcdserver: no leader"}'));
    troubled.listen(0, '127.0.0.1');
    await once(troubled, 'listening');
    stack.defer(() => new Promise((resolve) => troubled.close(() => resolve())));
    const etcd = stack.use(await Etcd.create());
    const { port } = troubled.address() as AddressInfo;
    const engine = await openEtcd(
      `etcd://no.such.host.invalid:2379,127.0.0.1:1,127.0.0.1:${port},127.0.0.1:${etcd.port}`,
      { clock: systemClock },
    );
    stack.defer(() => engine.close());
    await engine.put([claimOf('claim-mine', 'off@x.com')], soon());
    await engine.put([claimOf('claim-more', 'on@x.com')], soon());
  });
});

describe.skipIf(whyNoEtcd() !== undefined)('etcd with TLS and a login', () => {
  it('is asked by who trusts its certificate and knows the password', { timeout: LIVE_MS_MAX }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mesh-etcd-tls-'));
    const [certificate, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    const subject = ['-subj', '/CN=etcd', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject],
      {
        stdio: 'ignore',
      },
    );
    // Tokens that say which state of the users and roles they are of, as the simple ones do not.
    const signed = `jwt,pub-key=${certificate},priv-key=${key},sign-method=RS256`;
    await using etcd = await Etcd.create({ tls: { certificate, key }, flags: ['--auth-token', signed] });
    const origin = `127.0.0.1:${etcd.port}`;
    const open = await openEtcd(`etcd://${origin}?ca=${certificate}`, { clock: systemClock });
    await open.ping(soon());
    await open.close();
    const gateway = async (path: string, body: unknown, token?: string) => {
      const headers = token === undefined ? {} : { authorization: token };
      const options = { method: 'POST', dispatcher: agent, headers, body: JSON.stringify(body) } as const;
      const answer = await request(`https://${origin}${path}`, options);
      expect(answer.statusCode).toBe(200);
      return (await answer.body.json()) as { readonly token?: string };
    };
    const agent = new Agent({ connect: { ca: readFileSync(certificate, 'utf8') } });
    await gateway('/v3/auth/user/add', { name: 'root', password: 'p@ss:w/rd' });
    await gateway('/v3/auth/user/grant', { user: 'root', role: 'root' });
    await gateway('/v3/auth/enable', {});
    const password = encodeURIComponent('p@ss:w/rd');
    const known = await openEtcd(`etcd://root:${password}@${origin}?ca=${certificate}`, { clock: systemClock });
    await known.ping(soon());
    const { token } = await gateway('/v3/auth/authenticate', { name: 'root', password: 'p@ss:w/rd' });
    // From now on etcd refuses every token that it gave out before, by a 400.
    await gateway('/v3/auth/user/add', { name: 'other', password: 'other' }, token);
    await agent.close();
    await known.ping(soon());
    await known.close();
    const stranger = await openEtcd(`etcd://root:wrong@${origin}?ca=${certificate}`, { clock: systemClock });
    await expect(stranger.ping(soon())).rejects.toThrow(/refuses the user or the password/);
    await stranger.close();
    const untrusting = await openEtcd(`etcd://${origin}?tls=true`, { clock: systemClock });
    await expect(untrusting.ping(soon())).rejects.toThrow(/self.signed certificate/);
    await untrusting.close();
    rmSync(directory, { recursive: true });
  });
});
