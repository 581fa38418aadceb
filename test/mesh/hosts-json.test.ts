import { describe, expect, it } from 'vitest';
import { parseRoster } from '../../mesh/hosts-json.ts';

const hint = { hostName: 'mac-mini.local' };
const parse = (hosts: unknown, id?: string) => parseRoster(JSON.stringify({ hosts }), { ...hint, id });
const two = [
  { id: 'Mac-Mini', url: 'http://100.64.0.1:23000' },
  { id: 'cloud', url: 'http://100.64.0.2:23000/' },
];
const many = (count: number, extra: (index: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, index) => ({
    id: `h${index}`,
    url: `http://10.0.0.${index + 1}:23000`,
    ...extra(index),
  }));

describe("the original's hosts.json", () => {
  it('is accepted as it is, unknown fields kept', () => {
    const roster = parse([
      { id: 'Mac', name: 'Mac', url: 'http://127.0.0.1:23000', type: 'local', tailscale: true, capabilities: ['x'] },
      { id: 'cloud', url: 'http://100.64.0.2:23000', type: 'remote' },
    ]);
    expect(roster.self).toMatchObject({ id: 'mac', enabled: true, entry: { tailscale: true, capabilities: ['x'] } });
    expect(roster.peers.map(({ id }) => id)).toEqual(['cloud']);
  });

  it('asks a host whose "enabled" is absent, and not one that is disabled', () => {
    const roster = parse([...two, { id: 'off', url: 'http://10.0.0.9:23000', enabled: false }], 'cloud');
    expect(roster.peers.map(({ id }) => id)).toEqual(['mac-mini']);
  });

  it('may begin with a byte order mark, as editors on Windows write it', () => {
    expect(parseRoster(`\ufeff${JSON.stringify({ hosts: two })}`, hint).self.id).toBe('mac-mini');
  });

  it('takes two ports of one machine for two hosts', () => {
    const roster = parse([
      { id: 'a', url: 'http://127.0.0.1:23001', type: 'local' },
      { id: 'b', url: 'http://127.0.0.1:23002' },
    ]);
    expect(roster.peers.map(({ id }) => id)).toEqual(['b']);
  });
});

describe('which entry is this host', () => {
  it('is the one that was named', () => expect(parse(two, 'CLOUD').self.id).toBe('cloud'));
  it('else the one of type local', () => expect(parse([two[0], { ...two[1], type: 'local' }]).self.id).toBe('cloud'));
  it("else the one with the machine's name", () => expect(parse(two).self.id).toBe('mac-mini'));
  it('else one that has it as an alias', () =>
    expect(parse([{ id: 'x', url: 'http://10.0.0.1:1', aliases: ['Mac-Mini.local'] }, two[1]]).self.id).toBe('x'));

  it.each([
    ['a named host that is not listed', two, 'desk', /no host 'desk'.*mac-mini, cloud/],
    [
      'two of type local',
      two.map((host) => ({ ...host, type: 'local' })),
      undefined,
      /more than one host "type": "local"/,
    ],
    ['nothing that fits', [two[1]], undefined, /does not tell which host this is.*--host ID/],
  ])('is refused for %s', (_, hosts, id, message) => expect(() => parse(hosts, id)).toThrow(message));
});

describe('who votes', () => {
  it('is everyone enabled, sorted, up to seven hosts', () =>
    expect(parse(two, 'cloud').voters).toEqual(['cloud', 'mac-mini']));
  it('is not who is marked "voter": false', () => {
    expect(parse([two[0], { ...two[1], voter: false }], 'cloud').voters).toEqual(['mac-mini']);
  });
  it('is who is marked "voter": true above seven', () => {
    expect(
      parse(
        many(8, (index) => (index < 3 ? { voter: true } : {})),
        'h7',
      ).voters,
    ).toEqual(['h0', 'h1', 'h2']);
  });
  it('is nobody above seven when none is marked', () => expect(parse(many(8), 'h0').voters).toEqual([]));
});

describe('a mistake in hosts.json', () => {
  it.each([
    ['{', /not JSON/],
    [
      '{"hosts":[{"id":"a","url":"http://x:1","more":{"\\u005f_proto__":1}}]}',
      /'__proto__'.*\(hosts\[0\]\.more\.__proto__\)/,
    ],
    ['{}', /hosts /],
    ['{"hosts":[]}', /hosts /],
    ['{"hosts":[{"id":"a b","url":"http://x:1"}]}', /hosts\[0\]\.id must be 1–64/],
    ['{"hosts":[{"id":"constructor","url":"http://x:1"}]}', /hosts\[0\]\.id must be/],
    ['{"hosts":[{"id":"a","url":"ftp://x"}]}', /hosts\[0\]\.url must be http/],
    ['{"hosts":[{"id":"a","url":"http://x:1/path"}]}', /hosts\[0\]\.url must be http/],
    ['{"hosts":[{"id":"a","url":"http://u:p@x:1"}]}', /hosts\[0\]\.url must be http/],
    ['{"hosts":[{"id":"a","url":"http://x:1","enabled":"yes"}]}', /hosts\[0\]\.enabled/],
    ['{"hosts":[{"id":"a","url":"http://x:1","publicKey":"short"}]}', /publicKey must be the 43/],
    ['{"hosts":[{"id":"a","url":"http://x:1"},{"id":"A","url":"http://y:1"}]}', /lists the id 'a' twice/],
    ['{"hosts":[{"id":"a","url":"http://x:1"},{"id":"b","url":"http://x:1"}]}', /lists the url 'http:\/\/x:1' twice/],
  ])('%s is refused with a sentence', (text, message) =>
    expect(() => parseRoster(text, { ...hint, id: 'a' })).toThrow(message),
  );

  it('is told together with all the others', () => {
    expect(() => parseRoster('{"hosts":[{"id":"a b","url":"x"}]}', hint)).toThrow(/hosts\[0\]\.id.*hosts\[0\]\.url/);
  });
});

describe('a hosts.json that the original keeps by itself', () => {
  const hint = { id: 'mac', hostName: 'mac' };
  const text = (hosts: readonly unknown[], more = {}) => JSON.stringify({ organization: 'acme', hosts, ...more });
  const mac = { id: 'mac', url: 'http://10.0.0.1:23000' };

  it('is taken without the entries that have no URL, or one with a path', () => {
    const roster = parseRoster(text([mac, { id: 'b' }, { id: 'c', url: 'http://10.0.0.3:23000/api' }]), hint);
    expect(roster.hosts.map(({ id }) => id)).toEqual(['mac']);
    expect(roster.leftOut).toEqual([
      expect.stringMatching(/^hosts\[1\] \('b'\)/),
      expect.stringMatching(/^hosts\[2\] \('c'\)/),
    ]);
  });

  it('that lists nobody is of a host that is alone', () => {
    const { self, peers, leftOut } = parseRoster(text([]), { hostName: 'Mac' });
    expect([self.id, self.url, peers, leftOut]).toEqual(['mac', 'http://127.0.0.1:23000', [], []]);
  });

  it('is refused with such entries where it is an operator’s own', () => {
    expect(() => parseRoster(JSON.stringify({ hosts: [mac, { id: 'b' }] }), hint)).toThrow(/hosts\[1\]\.url/);
    expect(() => parseRoster(JSON.stringify({ hosts: [] }), hint)).toThrow(/mistakes/);
  });
});
