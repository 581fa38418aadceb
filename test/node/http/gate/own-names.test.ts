// Which names a node answers to, and to whose pages.
import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../../../mesh/hosts-json.ts';
import { foreignerCheck, hostName } from '../../../../node/http/gate/own-names.ts';

const NONE_BESIDE = { aliases: [], origins: [] };
const SELF = { id: 'mac', url: 'https://mac.example.com', aliases: ['mesh.internal'] };
const rosterWith = (self: object) => parseRoster(JSON.stringify({ hosts: [self] }), { id: 'mac', hostName: 'mac' });
const roster = rosterWith(SELF);

function codeOf(
  headers: Readonly<Record<string, string>>,
  path = '/api/agents',
  check = foreignerCheck(() => roster, NONE_BESIDE),
) {
  return check({ method: 'GET', path, header: (name) => headers[name], headerNames: () => Object.keys(headers) })?.code;
}

it.each([
  ['127.0.0.1:23000', '127.0.0.1'],
  ['[::1]:23000', '::1'],
  ['[::1]', '::1'],
  ['Mac.Example.com:443', 'mac.example.com'],
  ['localhost', 'localhost'],
  ['', ''],
])('the name in Host: %s is %s', (host, name) => {
  expect(hostName(host)).toBe(name);
});

describe('a node', () => {
  it.each([
    '127.0.0.1:23000',
    '192.0.2.7',
    '[fd00::1]:80',
    'localhost:23000',
    'a.localhost',
    'mac',
    'mac.example.com',
    'mesh.internal:23000',
  ])('answers to %s', (host) => {
    expect(codeOf({ host })).toBeUndefined();
  });

  it.each(['evil.example', 'mac.example.com.evil.example', 'localhost.evil.example', 'xlocalhost', ''])(
    'does not answer to %j',
    (host) => {
      expect(codeOf({ host })).toBe('forbidden_origin');
    },
  );

  it('needs no name for a health check, and for nothing else', () => {
    expect([codeOf({}, '/health'), codeOf({}, '/ready'), codeOf({}, '/api/hosts')]).toEqual([
      undefined,
      undefined,
      'forbidden_origin',
    ]);
  });

  it('advises no alias to who names no host', () => {
    const check = foreignerCheck(() => roster, NONE_BESIDE);
    const sentence = (host: string) =>
      check({ method: 'GET', path: '/api/hosts', header: () => host, headerNames: () => ['host'] })?.message;
    expect([sentence('evil.example'), sentence('')]).toEqual([
      expect.stringContaining('MESH_ALIASES=evil.example'),
      expect.stringContaining('send a Host header'),
    ]);
  });

  it.each([
    ['http://localhost:23000', undefined],
    ['https://localhost:23000', undefined],
    ['http://localhost', 'forbidden_origin'],
    ['http://evil.example', 'forbidden_origin'],
    ['null', 'forbidden_origin'],
  ])('hears pages of %s: %s', (origin, code) => {
    expect(codeOf({ host: 'localhost:23000', origin })).toBe(code);
  });

  it('goes by hosts.json as it is now', () => {
    let now = roster;
    const check = foreignerCheck(() => now, NONE_BESIDE);
    expect(codeOf({ host: 'mesh.internal' }, '/api/agents', check)).toBeUndefined();
    now = rosterWith({ ...SELF, aliases: ['other.internal'] });
    expect(codeOf({ host: 'mesh.internal' }, '/api/agents', check)).toBe('forbidden_origin');
    expect(codeOf({ host: 'other.internal' }, '/api/agents', check)).toBeUndefined();
  });
});
