import { describe, expect, it } from 'vitest';
import { ChangeSeal, digestOf, type HostChange, isNewer } from '../../../mesh/admission/host-changes.ts';
import type { HostId } from '../../../mesh/names.ts';

const seal = new ChangeSeal('a-secret-of-sixteen');
const change = (id: string, entry: object | null, number = 1, by = 'mac'): HostChange =>
  seal.make({ id: id as HostId, entry: entry === null ? null : JSON.stringify(entry), number, by: by as HostId });
const MINI = { id: 'mini', url: 'http://10.0.0.2:23000' };

describe('a change of hosts.json', () => {
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
