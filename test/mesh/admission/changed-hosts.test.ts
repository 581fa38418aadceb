import { describe, expect, it } from 'vitest';
import { changedHosts } from '../../../mesh/admission/changed-hosts.ts';
import { ChangeSeal, type HostChange } from '../../../mesh/admission/host-changes.ts';
import { HOSTS_MAX } from '../../../mesh/limits.ts';
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
const hostsIn = (text: string): readonly { readonly id: string }[] => JSON.parse(text).hosts;
const idsIn = (text: string) => hostsIn(text).map(({ id }) => id);

describe('hosts.json with changes written into it', () => {
  it('has entries added, replaced and taken out, and all else as it was', () => {
    const { text, leftOut } = changedHosts(
      FILE,
      [change('mini', MINI), change('cloud', null), change('mac', { id: 'mac', url: 'http://10.0.0.9:23000' })],
      [],
    );
    expect(JSON.parse(text)).toEqual({
      organization: 'x',
      hosts: [{ id: 'mac', url: 'http://10.0.0.9:23000', type: 'local' }, MINI],
    });
    expect(leftOut).toEqual([]);
  });

  it('passes over an entry of another host, or one that is none', () => {
    const twins = [change('mini', { ...MINI, id: 'other' }), change('mini', { id: 'mini' }), change('mini', null)];
    for (const one of twins) expect(hostsIn(changedHosts(FILE, [one], []).text)).toHaveLength(2);
  });

  it('is not made of a file that is broken', () => {
    for (const text of ['', '{"hosts":', '{"hosts":{}}', '[]'])
      expect(() => changedHosts(text, [change('mini', MINI)], [])).toThrow(/hosts.json is broken/);
  });

  it('lists somebody, or is not made', () => {
    const all = [change('mac', null), change('cloud', null)];
    expect(() => changedHosts(FILE, all, [])).toThrow(/must list one host at least/);
  });

  it('has of two hosts with one URL that of the newer change, in whichever order they were heard', () => {
    const [desk, lab] = [
      change('desk', { ...MINI, id: 'desk' }, 7, 'mac'),
      change('lab', { ...MINI, id: 'lab' }, 7, 'cloud'),
    ];
    const heard = [
      changedHosts(FILE, [desk, lab], []),
      changedHosts(changedHosts(FILE, [desk], []).text, [lab], [desk]),
      changedHosts(changedHosts(FILE, [lab], []).text, [desk], [lab]),
    ];
    for (const { text, leftOut } of heard) {
      expect(idsIn(text)).toEqual(['Mac', 'cloud', 'desk']);
      expect(leftOut).toEqual([{ id: 'lab', why: expect.stringMatching(/lists 'desk' at .*, and not 'lab'\.$/) }]);
    }
  });

  it('has of two hosts with one URL the one that an operator wrote there', () => {
    const twin = change('desk', { id: 'desk', url: 'http://10.0.0.3:23000' }, 9);
    // An operator has another host at that URL by now.
    const earlier = change('cloud', { id: 'cloud', url: 'http://10.0.0.4:23000' }, 12);
    const { text, leftOut } = changedHosts(FILE, [twin], [earlier]);
    expect([idsIn(text), leftOut.map(({ id }) => id)]).toEqual([['Mac', 'cloud'], ['desk']]);
  });

  it('has no more hosts than it may: those that were added last are left out', () => {
    const urls = Array.from({ length: HOSTS_MAX - 1 }, (_, at) => ({ id: `h${at}`, url: `http://h${at}.test` }));
    const file = JSON.stringify({ hosts: urls });
    const added = ['desk', 'lab'].map((id, at) => change(id, { id, url: `http://${id}.test` }, at + 1));
    const { text, leftOut } = changedHosts(file, added, []);
    expect(idsIn(text)).toHaveLength(HOSTS_MAX);
    expect([idsIn(text).at(-1), leftOut.map(({ id }) => id)]).toEqual(['desk', ['lab']]);
  });
});
