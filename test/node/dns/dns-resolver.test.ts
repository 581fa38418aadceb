import { describe, expect, it } from 'vitest';
import { createDnsResolver } from '../../../node/dns/dns-resolver.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a question to DNS', () => {
  it('is answered with the records, none for a name without them, and "absent" for a name there is not', async () => {
    await using dns = await startDnsServer((name) => (name === 'mail.example' ? ['192.0.2.1'] : 'absent'));
    const resolver = createDnsResolver(new VirtualClock(), [dns.at]);
    expect(await resolver.a('mail.example')).toEqual(['192.0.2.1']);
    expect(await resolver.aaaa('mail.example')).toEqual([]);
    await expect(resolver.a('none.example')).rejects.toMatchObject({ kind: 'absent' });
  });

  it('is unknown after 5 s of silence, however many servers and tries there are', async () => {
    await using dns = await startDnsServer(() => 'silent');
    const clock = new VirtualClock();
    const asked = createDnsResolver(clock, [dns.at]).a('slow.example');
    asked.catch(() => undefined);
    await clock.advance(5_000);
    await expect(asked).rejects.toMatchObject({ kind: 'unknown' });
  });

  it('is unknown at once while five hundred and twelve others hang', async () => {
    await using dns = await startDnsServer(() => 'silent');
    const clock = new VirtualClock();
    const resolver = createDnsResolver(clock, [dns.at]);
    const hanging = Array.from({ length: 512 }, (_, at) => resolver.a(`h${at}.example`));
    for (const one of hanging) one.catch(() => undefined);
    await expect(resolver.a('one.example')).rejects.toMatchObject({ kind: 'unknown' });
    await clock.advance(5_000);
    expect((await Promise.allSettled(hanging)).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
