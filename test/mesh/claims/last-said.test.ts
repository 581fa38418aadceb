import { describe, expect, it } from 'vitest';
import { LastSaid } from '../../../mesh/claims/last-said.ts';
import { HOSTS_MAX } from '../../../mesh/limits.ts';
import type { HostId } from '../../../mesh/names.ts';
import { cloud, mac } from '../../support/membership-of.ts';

function reader() {
  const [said, read] = [new LastSaid<string>(), [] as string[]];
  const hear = (from: HostId, digest: string | undefined, text = `${from} ${digest}`) =>
    said.of(from, digest, () => {
      read.push(text);
      return text;
    });
  return { read, hear };
}

describe('what a host says again', () => {
  it('is read once, for as long as the host says nothing else', () => {
    const { read, hear } = reader();
    expect([hear(mac, 'a'), hear(mac, 'a'), hear(mac, 'b'), hear(mac, 'a')]).toEqual([
      'mac a',
      'mac a',
      'mac b',
      'mac a',
    ]);
    expect(read).toEqual(['mac a', 'mac b', 'mac a']);
  });

  it('is not what another host said in the same words', () => {
    const { hear } = reader();
    expect([hear(mac, 'a'), hear(cloud, 'a'), hear(mac, 'a')]).toEqual(['mac a', 'cloud a', 'mac a']);
  });

  it('is read each time when it has no digest', () => {
    const { read, hear } = reader();
    hear(mac, undefined);
    hear(mac, undefined);
    expect(read.length).toBe(2);
  });

  it('is not remembered when it could not be read', () => {
    const said = new LastSaid<string>();
    const fail = () => {
      throw new Error('It has no known form.');
    };
    expect(() => said.of(mac, 'a', fail)).toThrow();
    expect(said.of(mac, 'a', () => 'read')).toBe('read');
  });

  it('is forgotten of the host that said something new least recently when there are too many', () => {
    const { read, hear } = reader();
    for (let at = 0; at <= HOSTS_MAX; at += 1) hear(`h${at}` as HostId, 'a');
    hear('h1' as HostId, 'a');
    hear('h0' as HostId, 'a');
    expect(read.slice(HOSTS_MAX)).toEqual([`h${HOSTS_MAX} a`, 'h0 a']);
  });
});
