// An address as the index lists it: what is kept of its text must not outlive what it was written from.
import { describe, expect, it } from 'vitest';
import type { AddressKey, EmailAddress } from '../../../mesh/names.ts';
import { HeldAddress } from '../../../node/registry/held-address.ts';
import { addressOf, agentOf } from '../../support/agent-of.ts';

const agent = agentOf('puck');

describe('a held address', () => {
  it('is listed at the URL that its host has now', () => {
    let url = 'http://mac:23000';
    const held = new HeldAddress(agent, addressOf('a@x.com'), () => ({ url }));
    expect(JSON.parse(held.mapJson)['a@x.com'].hostUrl).toBe('http://mac:23000');
    url = 'http://mac:24000';
    for (const json of [held.mapJson, `{${held.json}}`, held.mapJsonUnder('a@x.com' as EmailAddress)])
      expect(JSON.parse(json)['a@x.com'].hostUrl).toBe('http://mac:24000');
  });

  it('says what there is of it, and no more', () => {
    const self = () => ({ url: 'http://mac:23000' });
    const bare = new HeldAddress(agent, addressOf('a@x.com'), self);
    const whole = new HeldAddress(
      agent,
      addressOf('a@x.com', { displayName: 'A', metadata: { k: 'v' }, primary: true }),
      self,
    );
    const member = { agentId: 'id-puck', agentName: 'puck', hostId: 'mac', hostUrl: 'http://mac:23000' };
    expect(JSON.parse(bare.mapJson)).toEqual({ 'a@x.com': { ...member, primary: false } });
    expect(JSON.parse(whole.mapJson)).toEqual({
      'a@x.com': { ...member, displayName: 'A', primary: true, metadata: { k: 'v' } },
    });
  });

  it('of a domain beyond ASCII stands under A-labels, and once more under its Unicode spelling', () => {
    const unicode = 'a@bücher.example';
    const held = new HeldAddress(agent, addressOf(unicode, { key: 'a@xn--bcher-kva.example' as AddressKey }), () => ({
      url: 'http://mac:23000',
    }));
    const whole = JSON.parse(`{${held.json}}`);
    expect(Object.keys(whole)).toEqual(['a@xn--bcher-kva.example', unicode]);
    expect(whole[unicode].aliasOf).toBe('a@xn--bcher-kva.example');
    expect(Object.keys(JSON.parse(held.mapJson))).toEqual(['a@xn--bcher-kva.example']);
    expect(Object.keys(JSON.parse(held.mapJsonUnder(unicode as EmailAddress)))).toEqual([unicode]);
  });
});
