import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId } from '../../../mesh/names.ts';
import { contentDigest } from '../../../mesh/signature/digest.ts';
import { EmailIndex } from '../../../node/registry/email-index.ts';
import { packAgents } from '../../../node/registry/packed-agents.ts';
import { addressOf, agentOf } from '../../support/agent-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { TiredClock } from '../../support/tired-clock.ts';

const URL = 'http://100.64.0.1:23000';

function emptyIndex(options: { seed?: number; self?: () => { url: string } } = {}) {
  return new EmailIndex({ self: options.self ?? (() => ({ url: URL })), random: seededRandom(options.seed ?? 1) });
}

const key = (address: string) => address as AddressKey;
const id = (agentId: string) => agentId as AgentId;
const mapOf = (index: EmailIndex) => JSON.parse(Buffer.from(index.bytes().body).toString());

describe('the email index', () => {
  it('shows each address of an agent with the members of the specification', () => {
    const index = emptyIndex();
    const second = addressOf('iac@x.com', { displayName: 'IaC Team', metadata: { tenant: '23blocks' } });
    index.put(agentOf('titania', [], { addresses: [addressOf('titania@x.com', { primary: true }), second] }));
    const owner = { agentId: 'id-titania', agentName: 'titania', hostId: 'mac', hostUrl: URL };
    expect(mapOf(index)).toEqual({
      'titania@x.com': { ...owner, primary: true },
      'iac@x.com': { ...owner, displayName: 'IaC Team', primary: false, metadata: { tenant: '23blocks' } },
    });
  });

  it('is the empty map while no agent has an address', () => {
    const index = emptyIndex();
    index.put(agentOf('titania'));
    expect(Buffer.from(index.bytes().body).toString()).toBe('{}');
  });

  it('is written in turns when all of it is to be written, as after a start', async () => {
    const index = emptyIndex();
    for (let at = 0; at < 1_000; at += 1) index.put(agentOf(`a${at}`, [`a${at}@x.com`]));
    const clock = new TiredClock();
    const prepared = await index.prepare(clock);
    expect(clock.sleeps).toBeGreaterThan(20);
    expect(prepared).toBe(index.bytes());
    expect(Object.keys(mapOf(index))).toHaveLength(1_000);
  });

  it('finds an address, its agent and the holder', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['titania@x.com', 'queen@x.com']));
    expect(index.byAddress(key('queen@x.com'))?.entry.agentName).toBe('titania');
    expect(index.byAgent(id('id-titania')).map((held) => held.address)).toEqual(['titania@x.com', 'queen@x.com']);
    expect(index.holder(key('queen@x.com'))?.agent.id).toBe('id-titania');
  });

  it('knows nothing of an address or agent it was not given', () => {
    const index = emptyIndex();
    expect(index.byAddress(key('nobody@x.com'))).toBeUndefined();
    expect(index.holder(key('nobody@x.com'))).toBeUndefined();
    expect(index.byAgent(id('id-nobody'))).toEqual([]);
    expect(index.hasAgent(id('id-nobody'))).toBe(false);
  });

  it('does not show the addresses of an agent whose email is disabled, but names their holder', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['titania@x.com']));
    index.put(agentOf('titania', ['titania@x.com'], { emailEnabled: false }));
    expect(index.byAddress(key('titania@x.com'))).toBeUndefined();
    expect(index.byAgent(id('id-titania'))).toEqual([]);
    expect(mapOf(index)).toEqual({});
    expect(index.answer({})).toEqual([]);
    expect(index.holder(key('titania@x.com'))?.agent.id).toBe('id-titania');
    expect(index.hasAgent(id('id-titania'))).toBe(true);
  });

  it('forgets the addresses that an agent no longer has', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['titania@x.com', 'queen@x.com']));
    index.put(agentOf('titania', ['queen@x.com']));
    expect(index.holder(key('titania@x.com'))).toBeUndefined();
    expect(Object.keys(mapOf(index))).toEqual(['queen@x.com']);
  });

  it('lets another agent have an address that was given up', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['queen@x.com']));
    index.remove(id('id-titania'));
    index.put(agentOf('oberon', ['queen@x.com']));
    expect(mapOf(index)['queen@x.com'].agentName).toBe('oberon');
    expect(index.hasAgent(id('id-titania'))).toBe(false);
  });

  it('refuses to give an address to a second agent, and stays as it was', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['queen@x.com']));
    expect(() => index.put(agentOf('oberon', ['king@x.com', 'queen@x.com']))).toThrow(/'queen@x.com'.*'id-titania'/);
    expect(index.holder(key('queen@x.com'))?.agent.name).toBe('titania');
    expect(index.holder(key('king@x.com'))).toBeUndefined();
    expect(index.hasAgent(id('id-oberon'))).toBe(false);
  });

  it('is not confused by names that every object inherits', () => {
    const index = emptyIndex();
    expect(index.byAddress(key('__proto__'))).toBeUndefined();
    expect(index.hasAgent(id('constructor'))).toBe(false);
    index.put(agentOf('odd', ['"__proto__"@x.com', 'constructor@x.com']));
    expect(Object.keys(mapOf(index))).toEqual(['"__proto__"@x.com', 'constructor@x.com']);
  });

  it('answers a question about one address, one agent, both or neither', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['titania@x.com', 'queen@x.com']));
    index.put(agentOf('oberon', ['king@x.com']));
    const queen = addressOf('queen@x.com');
    const names = (question: Parameters<EmailIndex['answer']>[0]) => index.answer(question).map((held) => held.address);
    expect(names({ address: queen })).toEqual(['queen@x.com']);
    expect(names({ agentId: id('id-oberon') })).toEqual(['king@x.com']);
    expect(names({ address: queen, agentId: id('id-titania') })).toEqual(['queen@x.com']);
    expect(names({ address: queen, agentId: id('id-oberon') })).toEqual([]);
    expect(names({})).toEqual(['titania@x.com', 'queen@x.com', 'king@x.com']);
  });

  it('follows a new URL of its own host', () => {
    let url = URL;
    const index = emptyIndex({ self: () => ({ url }) });
    index.put(agentOf('titania', ['titania@x.com']));
    const before = index.bytes();
    url = 'http://100.64.0.9:23000';
    expect(mapOf(index)['titania@x.com'].hostUrl).toBe(url);
    expect(index.byAddress(key('titania@x.com'))?.json).toContain(url);
    expect(index.bytes().etag).not.toBe(before.etag);
  });
});

describe('an address that was asked for', () => {
  const asked = () => {
    const index = emptyIndex();
    const agent = agentOf('titania', ['titania@x.com', 'queen@x.com']);
    index.put(packAgents([agent])[0] ?? agent);
    for (const address of ['titania@x.com', 'queen@x.com']) index.byAddress(key(address));
    return { index, agent };
  };

  it('is the same when it is asked for again', () => {
    const { index } = asked();
    expect(index.byAddress(key('queen@x.com'))).toBe(index.byAddress(key('queen@x.com')));
  });

  it('is shown as it has become', () => {
    const { index, agent } = asked();
    index.put({ ...agent, name: 'hermia' });
    expect(index.byAddress(key('queen@x.com'))?.entry.agentName).toBe('hermia');
    index.put({ ...agent, emailEnabled: false });
    expect(index.byAddress(key('queen@x.com'))).toBeUndefined();
    expect(index.holder(key('queen@x.com'))?.agent.emailEnabled).toBe(false);
  });

  it('is gone with its agent, and with the claim of it', () => {
    const { index } = asked();
    index.put(agentOf('titania', ['titania@x.com']));
    expect(index.holder(key('queen@x.com'))).toBeUndefined();
    index.byAddress(key('titania@x.com'));
    index.remove(id('id-titania'));
    expect(index.holder(key('titania@x.com'))).toBeUndefined();
  });

  it("is another agent's once that one has it, also under the number of the one before", () => {
    const { index } = asked();
    index.remove(id('id-titania'));
    index.put(agentOf('oberon', ['queen@x.com']));
    expect(index.byAddress(key('queen@x.com'))?.entry.agentName).toBe('oberon');
    expect(index.byAddress(key('titania@x.com'))).toBeUndefined();
  });

  it('is found among more than are kept, and among many of one agent', () => {
    const index = emptyIndex();
    const names = Array.from({ length: 300 }, (_, n) => Array.from({ length: 40 }, (_, at) => `a${at}-${n}@x.com`));
    index.put(agentOf('as-it-is', names[0]));
    for (const packed of packAgents(names.slice(1).map((some, n) => agentOf(`packed-${n}`, some)))) index.put(packed);
    for (let round = 0; round < 2; round += 1)
      for (const address of names.flat()) expect(index.byAddress(key(address))?.address).toBe(address);
  });
});

describe('the prepared bytes of the index', () => {
  it('are the same object until something it shows changes', () => {
    const index = emptyIndex();
    const agent = agentOf('titania', ['titania@x.com']);
    index.put(agent);
    const before = index.bytes();
    index.put({ ...agent, label: 'Queen of the fairies' });
    index.remove(id('id-nobody'));
    expect(index.bytes()).toBe(before);
  });

  it('are at hand once they were made, until something they show changes', () => {
    let url = 'http://mac.example:23000';
    const index = new EmailIndex({ self: () => ({ url }), random: seededRandom(1) });
    index.put(agentOf('titania', ['titania@x.com']));
    expect(index.whole).toBeUndefined();
    const made = index.bytes();
    expect(index.whole).toBe(made);
    url = 'http://mac.example:23001';
    expect(index.whole).toBeUndefined();
    index.bytes();
    index.put(agentOf('oberon', ['oberon@x.com']));
    expect(index.whole).toBeUndefined();
  });

  it('keep their digest, which is that of the octets', () => {
    const index = emptyIndex();
    index.put(agentOf('titania', ['titania@x.com']));
    const prepared = index.bytes();
    expect(prepared.digest()).toBe(contentDigest(prepared.body));
    index.put(agentOf('oberon', ['oberon@x.com']));
    expect(index.bytes().digest()).toBe(contentDigest(index.bytes().body));
    expect(index.bytes().digest()).not.toBe(prepared.digest());
  });

  it.each([
    ['a name', { name: 'hermia' }],
    ['its email disabled', { emailEnabled: false }],
    ['other addresses', { addresses: [addressOf('queen@x.com')] }],
  ])('get another tag when an agent has %s', (_, change) => {
    const index = emptyIndex();
    const agent = agentOf('titania', ['titania@x.com']);
    index.put(agent);
    const before = index.bytes();
    index.put({ ...agent, ...change });
    expect(index.bytes().etag).not.toBe(before.etag);
    expect(Buffer.compare(index.bytes().body, before.body)).not.toBe(0);
  });

  it('get a tag that no earlier state and no earlier process had', () => {
    const tags = new Set<string>();
    for (const seed of [1, 2]) {
      const index = emptyIndex({ seed });
      tags.add(index.bytes().etag);
      for (const name of ['a', 'b', 'a']) {
        index.put(agentOf(name, [`${name}@x.com`]));
        tags.add(index.bytes().etag);
        index.remove(id(`id-${name}`));
        tags.add(index.bytes().etag);
      }
    }
    expect(tags.size).toBe(14);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]+"$/);
  });

  it('hold every address of thousands of agents through removals and additions', () => {
    const index = emptyIndex();
    for (let n = 0; n < 3_000; n += 1) index.put(agentOf(`a${n}`, [`a${n}@x.com`, `b${n}@臺.com`]));
    index.bytes();
    for (let n = 0; n < 3_000; n += 3) index.remove(id(`id-a${n}`));
    index.put(agentOf('new', ['new@x.com']));
    expect(Object.keys(mapOf(index))).toHaveLength(4_001);
    expect(mapOf(index)['b2999@臺.com'].agentName).toBe('a2999');
  });
});
