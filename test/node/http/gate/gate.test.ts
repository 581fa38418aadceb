import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../../mesh/hosts-json.ts';
import { createGate } from '../../../../node/http/gate/gate.ts';
import { Secret } from '../../../../node/secret.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const NOBODYS_KEYS = { keys: { actorOf: () => undefined }, clock: new VirtualClock(), aliases: [], origins: [] };
const TOKEN = 'token-token-token-token';
const READ = 'read-read-read-read-read';
const OUTSIDE = 'http://mac.tail.net:23000';
const LOOPBACK = 'http://127.0.0.1:23000';

function visit(
  headers: Record<string, string>,
  { method = 'GET', path = '/api/agents', token = '', read = '', url = OUTSIDE } = {},
) {
  const hosts = [{ id: 'mac', url, type: 'local', aliases: ['mac.lan'] }];
  const roster = parseRoster(JSON.stringify({ hosts }), { hostName: 'x' });
  const secrets = { token: token ? new Secret(token) : undefined, readToken: read ? new Secret(read) : undefined };
  const all: Record<string, string> = { host: '127.0.0.1:23000', ...headers };
  const visitor = { method, path, header: (name: string) => all[name], headerNames: () => Object.keys(all) };
  return createGate({ roster: () => roster, secrets, ...NOBODYS_KEYS }).refuses(visitor)?.code;
}

describe('the name a node is called by', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:23000',
    '[::1]:23000',
    '100.64.0.1:23000',
    'localhost:23000',
    'LOCALHOST',
    'mac:23000',
    'mac.tail.net:23000',
    'mac.lan',
    'x.localhost',
  ])('may be %s', (host) => expect(visit({ host })).toBeUndefined());
  it.each([
    'evil.example',
    'evil.example:23000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '',
    'mac.tail.net.evil.example',
  ])('may not be %j, which somebody else can point here', (host) => expect(visit({ host })).toBe('forbidden_origin'));
});

describe('who names no host', () => {
  it.each(['/health', '/ready'])('may ask for %s, as a health check of HTTP/1.0 does', (path) => {
    expect(visit({ host: '' }, { path })).toBeUndefined();
    expect(visit({ host: 'evil.example' }, { path })).toBe('forbidden_origin');
  });
});

describe('a browser', () => {
  it.each(['http://evil.example', 'null', 'http://127.0.0.1:9999', 'http://localhost:23000'])(
    'is refused with a page of %s',
    (origin) => expect(visit({ origin })).toBe('forbidden_origin'),
  );
  it('is let in with a page of this very node', () =>
    expect(visit({ origin: 'http://127.0.0.1:23000' })).toBeUndefined());
});

describe('with MESH_TOKEN', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  it.each([
    ['POST', '/api/agents'],
    ['PATCH', '/api/agents/x'],
    ['DELETE', '/api/agents/x'],
    ['POST', '/unknown'],
    ['GET', '/api/webhooks'],
    ['GET', '/api/webhooks/x'],
    ['POST', '/api/webhooks/x/test'],
    ['GET', '/api/email/log'],
    ['GET', '/api/email/status/x'],
    ['POST', '/api/email/send'],
  ])('%s %s needs it', (method, path) => {
    expect(visit({}, { method, path, token: TOKEN })).toBe('unauthorized');
    expect(visit(bearer('wrong-wrong-wrong-wrong'), { method, path, token: TOKEN })).toBe('unauthorized');
    expect(visit({ authorization: `Basic ${TOKEN}` }, { method, path, token: TOKEN })).toBe('unauthorized');
    expect(visit(bearer(TOKEN), { method, path, token: TOKEN })).toBeUndefined();
  });
  it.each(['/api/agents', '/api/agents/email-index', '/api/hosts', '/api/email/tools', '/health'])(
    'reading %s stays open',
    (path) => expect(visit({}, { path, token: TOKEN })).toBeUndefined(),
  );
  it('leaves the peers to their signatures', () =>
    expect(visit({}, { method: 'POST', path: '/api/mesh/v1/claims/messages', token: TOKEN })).toBeUndefined());
  it('does not let the read token change anything', () =>
    expect(visit(bearer(READ), { method: 'POST', token: TOKEN, read: READ })).toBe('unauthorized'));
});

describe('with MESH_READ_TOKEN', () => {
  const read = READ;
  it.each(['/api/agents', '/api/agents/email-index', '/api/hosts'])('reading %s needs it', (path) => {
    expect(visit({}, { path, read })).toBe('unauthorized');
    expect(visit({ authorization: `Bearer ${READ}` }, { path, read })).toBeUndefined();
    expect(visit({ authorization: `bearer ${TOKEN}` }, { path, read, token: TOKEN })).toBeUndefined();
  });
  it.each(['/health', '/ready'])('%s stays open', (path) => expect(visit({}, { path, read })).toBeUndefined());
  it("leaves a peer's signed look-up to its route", () =>
    expect(visit({ 'signature-input': 'mesh=()' }, { path: '/api/agents/email-index', read })).toBeUndefined());
  it('judges who signs a look-up by what else is shown, so that tokens are guessed there no more often than elsewhere', () => {
    const shows = (token: string) =>
      visit(
        { 'signature-input': 'mesh=()', authorization: `Bearer ${token}` },
        { path: '/api/agents/email-index', read },
      );
    expect([shows('wrong-wrong-wrong-wrong'), shows(READ)]).toEqual(['unauthorized', undefined]);
  });
  it('is not passed by a signature on another route', () =>
    expect(visit({ 'signature-input': 'mesh=()' }, { path: '/api/agents', read })).toBe('unauthorized'));
});

describe('with MESH_READ_TOKEN alone', () => {
  const bearer = { authorization: `Bearer ${READ}` };
  const changes = ['POST', 'PATCH', 'DELETE'].map((method) => [method, '/api/agents/x']);
  const privateReads = ['/api/webhooks', '/api/webhooks/x', '/api/email/log', '/api/conflicts'];
  it.each([...privateReads.map((path) => ['GET', path]), ['POST', '/api/webhooks'], ...changes])(
    '%s %s needs it: an answer shows what reading would, and a webhook more',
    (method = '', path = '') => {
      expect(visit({}, { method, path, read: READ, url: LOOPBACK })).toBe('unauthorized');
      expect(visit(bearer, { method, path, read: READ, url: LOOPBACK })).toBeUndefined();
    },
  );
  it('opens what is private to read from outside too, and no change', () => {
    expect(visit(bearer, { path: '/api/webhooks', read: READ })).toBeUndefined();
    expect(visit(bearer, { method: 'POST', read: READ })).toBe('unauthorized');
    expect(visit({ ...bearer, via: '1.1 x' }, { method: 'POST', read: READ, url: LOOPBACK })).toBe('unauthorized');
  });
});

describe('without a token', () => {
  const asked = [
    ['POST', '/api/agents'],
    ['DELETE', '/api/agents/x'],
    ['POST', '/api/webhooks'],
    ['GET', '/api/webhooks'],
    ['GET', '/api/email/log'],
    ['GET', '/api/conflicts'],
  ] as const;
  it.each(asked)('%s %s is open on the machine of a node that nobody else reaches', (method, path) => {
    for (const url of [LOOPBACK, 'http://localhost:1', 'http://[::1]:1', 'http://127.8.0.1'])
      expect(visit({}, { method, path, url })).toBeUndefined();
    for (const host of ['localhost:23000', '[::1]:23000', 'x.localhost'])
      expect(visit({ host }, { method, path, url: LOOPBACK })).toBeUndefined();
  });
  it.each(asked)('%s %s is refused where hosts.json says that others reach it', (method, path) => {
    for (const url of ['https://mesh.example.com', 'http://10.0.0.1:23000', 'http://localhost.evil.example'])
      expect(visit({}, { method, path, url })).toBe('unauthorized');
  });
  it.each([
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-anything',
    'x-real-ip',
    'cf-connecting-ip',
    'true-client-ip',
  ])('a change that bears %s came through a proxy, and is refused', (header) => {
    for (const [method, path] of asked)
      expect(visit({ [header]: '203.0.113.7' }, { method, path, url: LOOPBACK })).toBe('unauthorized');
    expect(visit({ [header]: '203.0.113.7' }, { url: LOOPBACK })).toBeUndefined();
  });
  it.each(['mac:23000', 'mac.lan', '192.0.2.1:23000'])('a change is refused that calls this node %s', (host) => {
    expect(visit({ host }, { method: 'POST', url: LOOPBACK })).toBe('unauthorized');
    expect(visit({ host }, { url: LOOPBACK })).toBeUndefined();
  });
  it('leaves the peers to their signatures, from wherever', () =>
    expect(visit({ via: '1.1 x' }, { method: 'POST', path: '/api/mesh/v1/claims/messages' })).toBeUndefined());
});
