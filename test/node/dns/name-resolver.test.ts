import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NameRules } from '../../../node/dns/name-files.ts';
import { createNameResolver, lookupBy, type NameResolverPorts } from '../../../node/dns/name-resolver.ts';
import { type DnsReply, type DnsServer, startDnsServer } from '../../support/dns-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let stack: AsyncDisposableStack;
let clock: VirtualClock;
/** What DNS says of each name. */
let zone: Record<string, DnsReply>;
let dns: DnsServer;
let askedOfSystem: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  clock = new VirtualClock();
  zone = {};
  askedOfSystem = [];
  dns = stack.use(await startDnsServer((name, type) => zone[`${type} ${name}`] ?? zone[name] ?? 'absent'));
});
afterEach(() => stack.disposeAsync());

function resolver(rules: Partial<NameRules> = {}, change: Partial<NameResolverPorts> = {}) {
  const all: NameRules = { listed: new Map(), search: [], dotsMin: 1, ...rules };
  const system = async (name: string) => {
    askedOfSystem.push(name);
    throw Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' });
  };
  return createNameResolver({ clock, files: { read: async () => all }, servers: [dns.at], system, ...change });
}

const ADDRESS = { address: '192.0.2.1', family: 4 };

/** Moves time on until the promise is settled. */
async function withTime<T>(promise: Promise<T>, stepMs: number): Promise<T> {
  let isSettled = false;
  promise
    .catch(() => undefined)
    .finally(() => {
      isSettled = true;
    });
  while (!isSettled) await clock.advance(stepMs);
  return promise;
}

describe('a name', () => {
  it('has the addresses that DNS says, IPv4 first', async () => {
    zone['gateway.example'] = ['2001:db8::7', '192.0.2.1', '192.0.2.2'];
    expect(await resolver()('gateway.example')).toEqual([
      ADDRESS,
      { address: '192.0.2.2', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ]);
    expect(askedOfSystem).toEqual([]);
  });

  it('has those of /etc/hosts before any other, in any case, and without a question', async () => {
    const listed = new Map([['bhost', ['192.0.2.1']]]);
    expect(await resolver({ listed })('BHost')).toEqual([ADDRESS]);
    expect(dns.asked).toEqual([]);
  });

  it.each(['localhost', 'db.localhost'])('%s is this machine, though no file says so', async (name) => {
    const loopback = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    expect(await resolver()(name)).toEqual(loopback);
    expect(dns.asked).toEqual([]);
  });

  it.each(['192.0.2.1', '2001:db8::7'])('that is the address %s is that address', async (address) => {
    expect(await resolver()(address)).toMatchObject([{ address }]);
    expect(dns.asked).toEqual([]);
  });

  it('is looked for in the domains of the search list: a short one there first, a longer one there last', async () => {
    zone['mac.tailnet.example'] = ['192.0.2.1'];
    zone['mac.lab.tailnet.example'] = ['192.0.2.1'];
    const resolve = resolver({ search: ['nowhere.example', 'tailnet.example'] });
    expect(await resolve('mac')).toEqual([ADDRESS]);
    expect(await resolve('mac.lab')).toEqual([ADDRESS]);
    expect(dns.asked.filter((question) => question.startsWith('A '))).toEqual([
      ...['A mac.nowhere.example', 'A mac.tailnet.example'],
      ...['A mac.lab', 'A mac.lab.nowhere.example', 'A mac.lab.tailnet.example'],
    ]);
  });

  it('that DNS does not know is asked of the system, which may know others', async () => {
    const system = async () => [ADDRESS];
    expect(await resolver({}, { system })('mini.local')).toEqual([ADDRESS]);
    zone['empty.example'] = [];
    await expect(resolver()('empty.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(askedOfSystem).toEqual(['empty.example']);
  });

  it('whose server fails is not said to be absent, and the system is not asked', async () => {
    zone['broken.example'] = 'failing';
    await expect(withTime(resolver()('broken.example'), 1)).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(askedOfSystem).toEqual([]);
  });

  it('has its IPv4 addresses soon, though the server is silent about IPv6', async () => {
    zone['A half.example'] = ['192.0.2.1'];
    zone['AAAA half.example'] = 'silent';
    const resolving = resolver()('half.example');
    expect(await withTime(resolving, 20)).toEqual([ADDRESS]);
    expect(clock.monotonicMs()).toBeLessThan(5_000);
  });

  it('is asked for once by those who need it together', async () => {
    zone['gateway.example'] = ['192.0.2.1'];
    const resolve = resolver();
    await Promise.all([resolve('gateway.example'), resolve('gateway.example')]);
    expect(dns.asked.toSorted()).toEqual(['A gateway.example', 'AAAA gateway.example']);
  });

  it('has at most 32 addresses, so that none judges thousands', async () => {
    zone['many.example'] = Array.from({ length: 25 }, (_, at) => [`192.0.2.${at}`, `2001:db8::${at}`]).flat();
    expect(await resolver()('many.example')).toHaveLength(32);
  });
});

describe('names whose DNS hangs', () => {
  it('fail after 5 s, and take nothing of the system or of other names meanwhile', async () => {
    zone['good.example'] = ['192.0.2.1'];
    for (let at = 0; at < 60; at += 1) zone[`h${at}.slow.example`] = 'silent';
    const resolve = resolver();
    const hanging = Array.from({ length: 60 }, (_, at) => resolve(`h${at}.slow.example`));
    for (const one of hanging) one.catch(() => undefined);
    expect(await resolve('good.example')).toEqual([ADDRESS]);
    expect(askedOfSystem).toEqual([]);
    await clock.advance(5_000);
    for (const one of hanging) await expect(one).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it('take one of the threads at most when the system hangs too', async () => {
    let hanging = 0;
    const system = () => {
      hanging += 1;
      return new Promise<never>(() => undefined);
    };
    const resolve = resolver({}, { system });
    const asked = Array.from({ length: 20 }, (_, at) => resolve(`h${at}.local`));
    await Promise.all(asked.map((one) => expect(withTime(one, 20)).rejects.toMatchObject({ code: 'EAI_AGAIN' })));
    expect(hanging).toBe(1);
  });
});

describe('a name that only the system knows', () => {
  it('is heard of in the end, though it stands behind one that the system is slow about', async () => {
    const system = async (name: string) => {
      if (name === 'cloud.local') return [ADDRESS];
      await clock.sleep(6_000);
      throw Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' });
    };
    const resolve = resolver({}, { system });
    const ask = () => {
      resolve('off.local').catch(() => undefined);
      return withTime(resolve('cloud.local'), 20);
    };
    await expect(ask()).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(await ask()).toEqual([ADDRESS]);
  });
});

describe('a look-up for a socket', () => {
  const ask = (options: object) =>
    new Promise((resolve) => {
      const addresses = async () => [ADDRESS, { address: '::1', family: 6 }];
      lookupBy(addresses)('x.example', options, (error, address, family) => resolve(error ?? [address, family]));
    });

  it('answers one address, all of them, or those of one family', async () => {
    expect(await ask({})).toEqual(['192.0.2.1', 4]);
    expect(await ask({ all: true })).toEqual([[ADDRESS, { address: '::1', family: 6 }], undefined]);
    expect(await ask({ family: 6 })).toEqual(['::1', 6]);
    expect(await ask({ family: 'IPv4', all: true })).toEqual([[ADDRESS], undefined]);
  });

  it('fails as getaddrinfo does', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    const failed = new Promise((resolve) => lookupBy(() => Promise.reject(missing))('x', {}, resolve));
    expect(await failed).toBe(missing);
  });
});
