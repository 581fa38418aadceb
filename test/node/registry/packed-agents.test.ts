// Whatever was stored of an agent is there again when it is unpacked.
import { describe, expect, it } from 'vitest';
import { memberJson, membersJson } from '../../../mesh/lookup/index-key.ts';
import type { AddressKey, EmailAddress } from '../../../mesh/names.ts';
import { HeldAddress } from '../../../node/registry/held-address.ts';
import { type PackedAgent, packAgents } from '../../../node/registry/packed-agents.ts';
import { AGENTS } from '../../support/stored-agents.ts';

const key = (text: string) => text as AddressKey;
const MEMBERS = ['address', 'key', 'claimId', 'since', 'primary', 'displayName', 'metadata'] as const;

describe('a packed agent', () => {
  // In one page, as they are read.
  const packed = packAgents(AGENTS.map(([, agent]) => agent));

  it.each(AGENTS.map(([what, agent], at) => [what, agent, at] as const))('with %s is what it was', (_, agent, at) => {
    const one = packed[at];
    expect(one?.read()).toEqual(agent);
    expect(one).toMatchObject({ id: agent.id, name: agent.name, hostId: 'mac', createdAt: agent.createdAt });
    expect([...(one?.keys() ?? [])]).toEqual(agent.addresses.map((entry) => entry.key));
    for (const entry of agent.addresses) {
      expect(one?.holds(entry.key)).toBe(true);
      const found = one?.address(entry.key);
      // Its members are read when they are asked for.
      for (const name of MEMBERS) expect(found?.[name], name).toEqual(entry[name]);
    }
  });

  it.each(AGENTS.map(([what, agent], at) => [what, agent, at] as const))('with %s shows the same', (_, agent, at) => {
    const one = packed[at] as PackedAgent;
    const self = () => ({ url: 'http://mac:23000/"' });
    for (const entry of agent.addresses) {
      const held = new HeldAddress(one, one.address(entry.key) ?? entry, self);
      const json = membersJson(entry, new HeldAddress(agent, entry, self).entry);
      expect(held.json).toBe(json);
      expect(new HeldAddress(agent, entry, self).json).toBe(json);
      expect(held.mapJsonUnder(entry.address)).toBe(`{${memberJson(entry.address, entry, held.entry)}}`);
    }
  });

  it('is looked through from a place on', () => {
    const [, , ten] = packed;
    expect([4, 5, 6].map((from) => ten?.holds('5@ten.x.com', from))).toEqual([true, true, false]);
    expect([4, 5, 6].map((from) => ten?.address(key('5@ten.x.com'), from)?.key)).toEqual([
      '5@ten.x.com',
      '5@ten.x.com',
      undefined,
    ]);
  });

  it("does not hold what is its neighbour's, nor parts of what is its own", () => {
    const [, one] = packed;
    const others = ['one@x.co', 'one@x.com2', 'one@x.com\t', 'one@x.com\t\t+', '', '0@ten.x.com', 'öne@x.com', '\t'];
    for (const other of others) {
      expect(one?.holds(other)).toBe(false);
      expect(one?.address(key(other))).toBeUndefined();
    }
    // Of an address whose key is another, the spelling is no key.
    expect(packed.some((agent) => agent.holds('u@bücher.example' as EmailAddress))).toBe(false);
  });
});
