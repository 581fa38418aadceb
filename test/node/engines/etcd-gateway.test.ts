// A login that several questions share, against a server on loopback.
import { lookup } from 'node:dns';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { EtcdGateway } from '../../../node/engines/etcd-gateway.ts';
import { systemClock } from '../../../node/system/clock.ts';
import { serveApp } from '../../support/loopback.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** An etcd whose login takes until it is let go. */
async function slowToLogIn() {
  const begun = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  let logins = 0;
  const app = new Hono();
  app.post('/v3/auth/authenticate', async (c) => {
    logins += 1;
    begun.resolve();
    await letGo.promise;
    return c.json({ token: 'token' });
  });
  app.post('/v3/kv/range', (c) => c.json({ token: c.req.header('authorization') }));
  const server = await serveApp(app);
  const login = { name: 'root', password: 'secret' };
  const gateway = new EtcdGateway({ clock: systemClock, origins: [server.url], login, ca: undefined, lookup });
  const ask = (signal: AbortSignal) => gateway.ask('/v3/kv/range', {}, signal);
  return { gateway, server, begun: begun.promise, letGo: letGo.resolve, ask, logins: () => logins };
}

describe('a login that is under way', () => {
  it('serves the others when the one who asked first has given up, and that one is told at once', async () => {
    const { gateway, server, begun, letGo, ask, logins } = await slowToLogIn();
    await using _ = server;
    const first = new AbortController();
    const givenUp = ask(first.signal);
    const other = ask(new AbortController().signal);
    await begun;
    first.abort(new Error('It was given up.'));
    await expect(givenUp).rejects.toThrow('It was given up.');
    letGo();
    expect(await other).toMatchObject({ answer: { token: 'token' } });
    expect(logins()).toBe(1);
    await gateway.close();
  });

  it('ends with the gateway', async () => {
    const { gateway, server, begun, letGo, ask } = await slowToLogIn();
    await using _ = server;
    const asked = ask(new AbortController().signal);
    await begun;
    await Promise.all([expect(asked).rejects.toThrow(/can't be asked/), gateway.close()]);
    letGo();
  });
});

describe('a server that quotes the login', () => {
  it.each([
    ['in base64', (login: string) => Buffer.from(login).toString('base64'), 'U3cwcmRm'],
    ['in capitals', (login: string) => login.toUpperCase(), 'SW0RDF'],
    ['cut short', (login: string) => login.slice(0, 42), 'Sw0rdf'],
  ])('%s is told without the password', async (_, quote, leak) => {
    const app = new Hono();
    app.post('*', async (c) => c.json({ message: `bad: ${quote(await c.req.text())}` }, 503));
    await using server = await serveApp(app);
    const login = { name: 'root', password: 'Sw0rdf1sh-Long+Pass/77' };
    const gateway = new EtcdGateway({ clock: systemClock, origins: [server.url], login, ca: undefined, lookup });
    const said = String(await gateway.ask('/v3/kv/range', {}, new AbortController().signal).catch((error) => error));
    expect(said).toContain('bad: ');
    expect(said).not.toContain(leak);
    await gateway.close();
  });
});

describe('an endpoint that says nothing', () => {
  it('is left for the next after its time, and whoever asked is told that it may still do what it was asked', async () => {
    const asked = Promise.withResolvers<void>();
    await using hung = await serveApp(
      new Hono().post('*', () => {
        asked.resolve();
        return new Promise<Response>(() => undefined);
      }),
    );
    await using well = await serveApp(new Hono().post('*', (c) => c.json({ ok: true })));
    const clock = new VirtualClock();
    const origins = [hung.url, well.url];
    const gateway = new EtcdGateway({ clock, origins, login: undefined, ca: undefined, lookup });
    const answer = gateway.ask('/v3/kv/range', {}, new AbortController().signal);
    await asked.promise;
    await clock.advance(1_500);
    expect(await answer).toMatchObject({ answer: { ok: true }, mayComeAgain: true });
    expect(clock.sleepers).toBe(0);
    await gateway.close();
  });
});
