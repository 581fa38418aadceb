import { describe, expect, it } from 'vitest';
import { ChangeSeal, changedHosts, digestOf, type HostChange, isNewer } from '../../../mesh/admission/host-changes.ts';
import type { HostId } from '../../../mesh/names.ts';

const seal = new ChangeSeal('a-secret-of-sixteen');
const change = (id: string, entry: object | null, number = 1, by = 'mac'): HostChange =>
  seal.make({ id: id as HostId, entry: entry === null ? null : JSON.stringify(entry), number, by: by as HostId });
const MINI = { id: 'mini', url: 'http://10.0.0.2:23000' };
const FILE = JSON.stringify({
  organization: 'x',
  hosts: [
    { id: 'Mac', url: 'http://10.0.0.1:23000', type: 'local', color: 'blue' },
    { id: 'cloud', url: 'http://10.0.0.3:23000' },
  ],
});

describe('a change of hosts.json', () => {
  it('adds, replaces and takes out entries, and leaves all else as it was', () => {
    const text = changedHosts(FILE, [
      change('mini', MINI),
      change('cloud', null),
      change('mac', { id: 'mac', url: 'http://10.0.0.9:23000' }),
    ]);
    expect(JSON.parse(text)).toEqual({
      organization: 'x',
      hosts: [{ id: 'mac', url: 'http://10.0.0.9:23000', type: 'local' }, MINI],
    });
  });

  it('passes over an entry of another host, or one that is none', () => {
    const twins = [change('mini', { ...MINI, id: 'other' }), change('mini', { id: 'mini' }), change('mini', null)];
    for (const one of twins) expect(JSON.parse(changedHosts(FILE, [one])).hosts).toHaveLength(2);
  });

  it('is refused by a file that is broken', () => {
    for (const text of ['', '{"hosts":', '{"hosts":{}}', '[]'])
      expect(() => changedHosts(text, [change('mini', MINI)])).toThrow(/hosts.json is broken/);
  });

  it('is made by whoever has the secret, and by nobody else', () => {
    const made = change('mini', MINI);
    expect(seal.fits(made)).toBe(true);
    expect(new ChangeSeal('another-secret-here').fits(made)).toBe(false);
    expect(seal.fits({ ...made, entry: null })).toBe(false);
    expect(seal.fits({ ...made, number: 2 })).toBe(false);
    expect(seal.fits({ ...made, id: 'mac' as HostId })).toBe(false);
    expect(seal.fits({ ...made, by: 'mini' as HostId })).toBe(false);
  });

  it('counts when its number is greater, and of two of one number the same counts everywhere', () => {
    const [first, second] = [change('mini', MINI, 3, 'cloud'), change('mini', null, 3, 'mac')];
    expect(isNewer(first, undefined)).toBe(true);
    expect(isNewer(first, change('mini', null, 2, 'zeta'))).toBe(true);
    expect([isNewer(first, second), isNewer(second, first)]).toEqual([false, true]);
    expect(isNewer(first, first)).toBe(false);
  });

  it('has one digest in whichever order it was heard', () => {
    const [one, two] = [change('mini', MINI), change('cloud', null, 2)];
    expect(digestOf([one, two])).toBe(digestOf([two, one]));
    expect(digestOf([one])).not.toBe(digestOf([two]));
  });
});
