import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../mesh/hosts.ts';
import { createGate } from '../../../node/http/gate.ts';
import { Secret } from '../../../node/secret.ts';

const hosts = [{ id: 'mac', url: 'http://mac.tail.net:23000', type: 'local', aliases: ['mac.lan'] }];
const roster = parseRoster(JSON.stringify({ hosts }), { hostName: 'x' });
const TOKEN = 'token-token-token-token';
const READ = 'read-read-read-read-read';

function visit(headers: Record<string, string>, { method = 'GET', path = '/api/agents', token = '', read = '' } = {}) {
  const secrets = { token: token ? new Secret(token) : undefined, readToken: read ? new Secret(read) : undefined };
  const all: Record<string, string> = { host: '127.0.0.1:23000', ...headers };
  return createGate({ roster: () => roster, secrets }).refuses({ method, path, header: (name) => all[name] })?.code;
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
  it('is not passed by a signature on another route', () =>
    expect(visit({ 'signature-input': 'mesh=()' }, { path: '/api/agents', read })).toBe('unauthorized'));
});
