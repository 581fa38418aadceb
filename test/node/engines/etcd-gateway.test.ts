// A login that several questions share, and endpoints of which some are in trouble, against servers on loopback.
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type Handler, Hono } from 'hono';
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

/** `http://127.0.0.1:port` of endpoints, and the name of each as often as it was asked, in order. */
async function endpoints(stack: AsyncDisposableStack, answers: Readonly<Record<string, Handler>>) {
  const asked: string[] = [];
  const origins: string[] = [];
  for (const [name, answer] of Object.entries(answers)) {
    const app = new Hono().post('*', (c, next) => {
      asked.push(name);
      return answer(c, next);
    });
    origins.push(stack.use(await serveApp(app)).url);
  }
  return { asked, origins };
}

const well: Handler = (c) => c.json({ ok: true });
const WITHOUT_END = new AbortController().signal;

describe('an endpoint that says nothing', () => {
  it('is left for the next after its time, which is told that it may still do what it was asked, and is not asked again', async () => {
    await using stack = new AsyncDisposableStack();
    const isAsked = Promise.withResolvers<void>();
    let times = 0;
    const hung: Handler = (c) => {
      isAsked.resolve();
      times += 1;
      return times === 1 ? new Promise<Response>(() => undefined) : c.json({ ok: 'awake' });
    };
    const { asked, origins } = await endpoints(stack, { hung, well });
    const clock = new VirtualClock();
    const gateway = new EtcdGateway({ clock, origins, login: undefined, ca: undefined, lookup });
    stack.defer(() => gateway.close());
    const answer = gateway.ask('/v3/kv/range', {}, WITHOUT_END);
    await isAsked.promise;
    await clock.advance(1_499);
    expect(asked).toEqual(['hung']);
    await clock.advance(1);
    expect(await answer).toMatchObject({ answer: { ok: true }, mayComeAgain: true });
    // No time passes any more: who waited for the one that hangs would wait for good.
    for (const _ of ['more', 'and more'])
      expect(await gateway.ask('/v3/kv/range', {}, WITHOUT_END)).toMatchObject({
        answer: { ok: true },
        mayComeAgain: false,
      });
    expect(asked).toEqual(['hung', 'well', 'well', 'well']);
    expect(clock.sleepers).toBe(0);
  });
});

describe('an endpoint that is late once, in front of one that hangs', () => {
  it('is asked again, for longer, when all have had their time', async () => {
    await using stack = new AsyncDisposableStack();
    const calls = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const silent = () => new Promise<Response>(() => undefined);
    const lateOnce: Handler = (c) => (asked.length === 1 ? silent() : c.json({ ok: true }));
    const { asked, origins } = await endpoints(stack, {
      late: (c, next) => {
        calls[asked.length - 1]?.resolve();
        return lateOnce(c, next);
      },
      hung: () => {
        calls[asked.length - 1]?.resolve();
        return silent();
      },
    });
    const clock = new VirtualClock();
    const gateway = new EtcdGateway({ clock, origins, login: undefined, ca: undefined, lookup });
    stack.defer(() => gateway.close());
    const answer = gateway.ask('/v3/kv/range', {}, WITHOUT_END);
    await calls[0]?.promise;
    await clock.advance(1_500);
    await calls[1]?.promise;
    await clock.advance(1_500);
    expect(await answer).toMatchObject({ answer: { ok: true }, mayComeAgain: true });
    expect(asked).toEqual(['late', 'hung', 'late']);
    expect(clock.sleepers).toBe(0);
  });
});

describe('an endpoint that is not there, or is in trouble itself', () => {
  it('is left for the next at once, and is not asked again', async () => {
    await using stack = new AsyncDisposableStack();
    const troubled: Handler = (c) => c.json({ message: 'etcdserver: no leader' }, 503);
    const { asked, origins } = await endpoints(stack, { troubled, well });
    const gone = await serveApp(new Hono());
    await gone[Symbol.asyncDispose]();
    const unknown: LookupFunction = (name, _, done) => {
      asked.push(name);
      done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '');
    };
    const clock = new VirtualClock();
    const all = ['http://no.such.host.invalid:2379', gone.url, ...origins];
    const gateway = new EtcdGateway({ clock, origins: all, login: undefined, ca: undefined, lookup: unknown });
    stack.defer(() => gateway.close());
    expect(await gateway.ask('/v3/kv/range', {}, WITHOUT_END)).toMatchObject({ answer: { ok: true } });
    expect(await gateway.ask('/v3/kv/range', {}, WITHOUT_END)).toMatchObject({ mayComeAgain: false });
    expect(asked).toEqual(['no.such.host.invalid', 'troubled', 'well', 'well']);
  });

  it('says so when it is the last of all', async () => {
    await using stack = new AsyncDisposableStack();
    const troubled: Handler = (c) => c.json({ message: 'etcdserver: no leader' }, 503);
    const { asked, origins } = await endpoints(stack, { troubled, other: troubled });
    const clock = new VirtualClock();
    const gateway = new EtcdGateway({ clock, origins, login: undefined, ca: undefined, lookup });
    stack.defer(() => gateway.close());
    await expect(gateway.ask('/v3/kv/range', {}, WITHOUT_END)).rejects.toThrow(/answered 503: etcdserver: no leader/);
    expect(asked).toEqual(['troubled', 'other']);
  });
});
