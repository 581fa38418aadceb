import { describe, expect, it } from 'vitest';
import { parseAllowList } from '../../../../node/webhooks/guard/allow-list.ts';
import { createGuard, type GuardOptions } from '../../../../node/webhooks/guard/guard.ts';
import { machineAddresses } from '../../../../node/webhooks/guard/machine-addresses.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** A machine with these addresses. */
const among = (addresses: readonly string[]) =>
  machineAddresses(new VirtualClock(), () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4' })),
  );

function guardOf(options: Partial<GuardOptions> & { readonly allowing?: string } = {}) {
  return createGuard({
    clock: new VirtualClock(),
    allow: parseAllowList(options.allowing ?? ''),
    loopbackAllowed: false,
    listening: () => [],
    resolve: async (name) => Promise.reject(Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' })),
    isOfMachine: among(['127.0.0.1', '::1', '192.168.1.5']),
    ...options,
  });
}

/** A name with these addresses. */
function resolving(...addresses: readonly string[]): NonNullable<GuardOptions['resolve']> {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

const EVERYTHING = '0.0.0.0/0, ::/0';

describe('an address', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '::',
    'fe80::1',
    'febf::1',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fe80::1%eth0',
    'example.com',
    '',
  ])('%s is refused, though everything is allowed', (address) => {
    const guard = guardOf({ allowing: EVERYTHING, loopbackAllowed: true });
    expect(guard.judge(address, 80)).toBeTypeOf('string');
  });

  it.each(['127.0.0.1', '127.255.0.9', '::1'])('%s is open exactly where loopback is', (address) => {
    expect(guardOf({ loopbackAllowed: true }).judge(address, 80)).toBeUndefined();
    expect(guardOf().judge(address, 80)).toContain('MESH_WEBHOOK_ALLOW');
  });

  it.each(['10.0.0.1', '100.64.0.7', '192.168.1.1', 'fd00::1'])('%s is open only by the allow-list', (address) => {
    expect(guardOf({ loopbackAllowed: true }).judge(address, 80)).toContain('MESH_WEBHOOK_ALLOW');
    expect(guardOf({ allowing: EVERYTHING }).judge(address, 80)).toBeUndefined();
  });

  it('is open on the port the list names, and on no other', () => {
    const guard = guardOf({ allowing: '10.0.0.0/8:8080, [fd00::/8]:443' });
    expect(guard.judge('10.9.9.9', 8_080)).toBeUndefined();
    expect(guard.judge('10.9.9.9', 80)).toBeTypeOf('string');
    expect(guard.judge('fd12::1', 443)).toBeUndefined();
    expect(guard.judge('fd12::1', 80)).toBeTypeOf('string');
  });

  it('where this node listens is refused, other ports of it are not', () => {
    const guard = guardOf({ loopbackAllowed: true, listening: () => [{ address: '127.0.0.1', port: 23_000 }] });
    expect(guard.judge('127.0.0.1', 23_000)).toContain('itself');
    expect(guard.judge('127.0.0.1', 23_001)).toBeUndefined();
  });

  it.each(['0.0.0.0', '::'])(
    "is refused on the port of a node that listens on %s, if it is the machine's",
    (address) => {
      const guard = guardOf({ allowing: EVERYTHING, listening: () => [{ address, port: 23_000 }] });
      for (const own of ['127.0.0.1', '127.0.0.2', '::1', '192.168.1.5'])
        expect(guard.judge(own, 23_000)).toContain('itself');
      expect(guard.judge('192.168.1.6', 23_000)).toBeUndefined();
    },
  );
});

describe('a URL', () => {
  const open = guardOf({ loopbackAllowed: true });

  it.each(['nonsense', '', 'http://', '//127.0.0.1/', 'http://127.0.0.1/a b', 'http://127.0.0.1/a\nb', 'http://[::1'])(
    "'%s' is not one",
    (url) => {
      expect(() => open.admit(url)).toThrow(expect.objectContaining({ code: 'invalid_request', field: 'url' }));
    },
  );

  it.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'http://user@127.0.0.1/',
    'http://user:word@127.0.0.1/',
    'http://:word@127.0.0.1/',
    'http://127.0.0.1:0/',
    'http://10.0.0.1/',
    'http://0/',
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::ffff:5db8:d822]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[fe80::1]/',
    'http://10.0.0.1./',
    'http://012.0.0.1/',
    'http://0xa.1/',
    'http://167772161/',
    'http://%31%30.0.0.1/',
    'http://１０.０.０.１/',
    'http://10。0。0。1/',
    'https://①⓪.0.0.1/',
    'http:10.0.0.1/',
    'http:\\\\10.0.0.1\\hooks',
    'http://1.1.1.1@10.0.0.1/',
    'http://10.0.0.1:80@1.1.1.1/',
    'javascript:alert(1)',
    'HTTPS://1.1.1.1:0/',
  ])('%s is refused without asking anybody', (url) => {
    expect(() => open.admit(url)).toThrow(expect.objectContaining({ code: 'url_refused', field: 'url' }));
  });

  it.each([
    'http://127.0.0.1:9000/hooks?a=b',
    'https://[::1]/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://%31%32%37.0.0.1/',
    'http://127.0.0.1./',
    'http://gateway.example/',
    'http://gateway.example./',
    'https://bücher.example/',
    'http://93.184.216.34:8080/hooks',
    'https://[2606:2800::1]/hooks',
    'http://10.0.0.1.nip.example/',
    'http://1.1.1.1/#@10.0.0.1',
  ])('%s may be tried', (url) => {
    expect(open.admit(url)).toBeInstanceOf(URL);
  });

  it.each([
    'http://[fe80::1%25eth0]/',
    'http://[::1%lo]/',
    'http://256.0.0.1/',
    'http://1.2.3.4.5/',
    'http://%00/',
    'http://a%2fb/',
  ])("'%s' is not one, for its host is none", (url) => {
    expect(() => open.admit(url)).toThrow(expect.objectContaining({ code: 'invalid_request', field: 'url' }));
  });
});

describe('a name, when a subscription is made', () => {
  const vet = (options: Parameters<typeof guardOf>[0]) => guardOf(options).vet('http://gateway.example/hooks');

  it('passes when it does not resolve yet', async () => {
    await expect(vet({})).resolves.toBeInstanceOf(URL);
  });

  it('passes when all its addresses are open', async () => {
    await expect(vet({ allowing: EVERYTHING, resolve: resolving('10.0.0.1', 'fd00::1') })).resolves.toBeInstanceOf(URL);
  });

  it('is refused when any of its addresses is', async () => {
    const vetted = vet({ allowing: EVERYTHING, resolve: resolving('10.0.0.1', '169.254.169.254') });
    await expect(vetted).rejects.toMatchObject({
      code: 'url_refused',
      message: expect.stringContaining('169.254.169.254'),
    });
  });

  it('passes, and is not resolved now, while sixty-four others hang', async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const resolve = (name: string) => {
      asked.push(name);
      return new Promise<never>(() => {});
    };
    const guard = guardOf({ clock, resolve });
    const hanging = Array.from({ length: 64 }, (_, at) => guard.vet(`http://h${at}.example/`));
    await expect(guard.vet('http://last.example/')).resolves.toBeInstanceOf(URL);
    expect(asked).toHaveLength(64);
    await clock.advance(5_000);
    await Promise.all(hanging);
  });

  it('passes when nobody says within 5 seconds whether it resolves', async () => {
    const clock = new VirtualClock();
    const vetted = vet({ clock, resolve: () => new Promise(() => {}) });
    await clock.advance(5_000);
    await expect(vetted).resolves.toBeInstanceOf(URL);
  });
});

describe('a name, while connecting', () => {
  const ask = (options: Parameters<typeof guardOf>[0], all: boolean, port = 80) =>
    new Promise((resolve) => {
      guardOf(options).lookup(port)('gateway.example', { all }, (error, address, family) =>
        resolve(error === null ? { address, family } : error),
      );
    });

  it('answers with the addresses that were judged', async () => {
    const options = { allowing: EVERYTHING, resolve: resolving('10.0.0.1', 'fd00::1') };
    expect(await ask(options, true)).toMatchObject({ address: [{ address: '10.0.0.1' }, { address: 'fd00::1' }] });
    expect(await ask(options, false)).toEqual({ address: '10.0.0.1', family: 4 });
  });

  it('is refused when any address is, or is on a port that is not open', async () => {
    const options = { allowing: '10.0.0.0/8:8080', resolve: resolving('10.0.0.1') };
    expect(await ask(options, true, 8_080)).toMatchObject({ address: [{ address: '10.0.0.1' }] });
    expect(await ask(options, true, 80)).toMatchObject({ code: 'url_refused' });
    const mixed = { allowing: EVERYTHING, resolve: resolving('10.0.0.1', '::ffff:10.0.0.1') };
    expect(await ask(mixed, true)).toMatchObject({ code: 'url_refused' });
  });

  it('that has no address is not found', async () => {
    expect(await ask({ resolve: resolving() }, true)).toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('the allow-list', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3', 80],
    ['10.1.2.3', '10.1.2.3', 80],
    ['10.1.2.3:8080', '10.1.2.3', 8_080],
    ['fd00::/8', 'fd00::9', 80],
    ['[fd00::/8]', 'fd00::9', 80],
    ['[::1/128]:8080', '::1', 8_080],
    [' 10.0.0.0/8 , 172.16.0.0/12 ', '172.31.0.1', 80],
  ])("'%s' opens %s:%i", (text, address, port) => {
    expect(guardOf({ allowing: text }).judge(address, port)).toBeUndefined();
  });

  it("speaks of its own family only: an IPv4 range does not open IPv4 addresses in IPv6's clothes", () => {
    expect(parseAllowList('127.0.0.0/8')[0]?.covers('::ffff:127.0.0.1')).toBe(false);
    expect(parseAllowList('::/0')[0]?.covers('127.0.0.1')).toBe(false);
  });

  it('may be empty', () => {
    expect(parseAllowList(' , ')).toEqual([]);
  });

  it('tells all its mistakes at once', () => {
    const mistakes = [
      '10.0.0.0/33',
      'example.com',
      '10.0.0.1:0',
      '10.0.0.1:65536',
      'fd00::/129',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
    ];
    const parse = () => parseAllowList(['192.168.0.0/16', ...mistakes].join(','));
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    for (const mistake of mistakes) expect(parse).toThrow(`'${mistake}'`);
    expect(parse).not.toThrow("'192.168.0.0/16'");
  });
});
