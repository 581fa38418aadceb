import { describe, expect, it } from 'vitest';
import { machineAddresses } from '../../../../node/webhooks/guard/machine-addresses.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

describe("the machine's own addresses", () => {
  it('are those of its interfaces', () => {
    const isOfMachine = machineAddresses(new VirtualClock());
    expect([isOfMachine('127.0.0.1', 'ipv4'), isOfMachine('192.0.2.1', 'ipv4')]).toEqual([true, false]);
  });

  it('are known in each form, and read once a second at most', async () => {
    const clock = new VirtualClock();
    let reads = 0;
    const own = [{ address: '93.184.216.40', family: 'IPv4' }];
    const isOfMachine = machineAddresses(clock, () => {
      reads += 1;
      return own;
    });
    expect([isOfMachine('93.184.216.40', 'ipv4'), isOfMachine('2a00::1', 'ipv6')]).toEqual([true, false]);
    own.push({ address: '2a00::1', family: 'IPv6' });
    await clock.advance(999);
    expect([isOfMachine('2a00:0:0::1', 'ipv6'), reads]).toEqual([false, 1]);
    await clock.advance(1);
    expect([isOfMachine('2a00:0:0::1', 'ipv6'), reads]).toEqual([true, 2]);
    own.length = 0;
    await clock.advance(1_000);
    expect(isOfMachine('93.184.216.40', 'ipv4')).toBe(false);
  });
});
