import { describe, expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { type ListedEntry, type Question, readIndexEntry } from '../../../mesh/lookup/index-entry.ts';
import type { AgentId } from '../../../mesh/names.ts';
import { addressOf } from '../../support/agent-of.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { rosterOf, urlOf } from '../../support/roster-of.ts';

const cloud = rosterOf('cloud').self;

const SENT = {
  agentId: 'id-titania',
  agentName: 'titania',
  hostId: 'cloud',
  hostUrl: 'http://evil.example',
  displayName: 'Titania',
  primary: true,
  metadata: { tenant: '23blocks' },
};

function read(change: Record<string, unknown> = {}, address = 'titania@x.com', question: Question = {}) {
  return readIndexEntry(address, { ...SENT, ...change }, { from: cloud, question, parseAddress: parsePlainAddress });
}

describe("a peer's index entry", () => {
  it('is taken over, its URL from our own hosts.json', () => {
    expect(read()).toEqual({
      address: 'titania@x.com',
      key: 'titania@x.com',
      entry: { ...SENT, hostUrl: urlOf('cloud') },
    });
  });

  it('comes out under the normalised address', () => {
    expect(read({}, ' Titania@X.com ')?.address).toBe('titania@x.com');
  });

  it('loses every member that an entry does not have', () => {
    const listed = read({ address: 'other@x.com', provider: 'smtp', pending: false }) as ListedEntry;
    expect(Object.keys(listed.entry)).toEqual(Object.keys(SENT));
  });

  it.each([
    ['hostId in capitals', { hostId: 'CLOUD' }, { hostId: 'cloud' }],
    ['no primary', { primary: undefined }, { primary: false }],
  ])('may have %s', (_, sent, read_) => {
    expect(read(sent)?.entry).toMatchObject(read_);
  });

  it.each([['../../etc'], ['a/b'], ['a\\b'], ['.hidden'], ['line\nbreak'], ['x'.repeat(129)], ['']])(
    'loses the display name %j, which is no safe folder name',
    (displayName) => {
      expect(read({ displayName })?.entry).not.toHaveProperty('displayName');
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['another host as its owner', { hostId: 'mac' }],
    ['no owner', { hostId: undefined }],
    ['an unfinished claim', { pending: true }],
    ['no agent id', { agentId: undefined }],
    ['a number as agent id', { agentId: 7 }],
    ['a prototype name as agent id', { agentId: 'constructor' }],
    ['a path as agent id', { agentId: '../x' }],
    ['an empty agent name', { agentName: '' }],
    ['an endless agent name', { agentName: 'x'.repeat(129) }],
    ['a control character in the agent name', { agentName: 'a\u0000b' }],
    ['a display name that is no string', { displayName: null }],
    ['a primary that is no boolean', { primary: 'yes' }],
    ['metadata that is a list', { metadata: ['a'] }],
    ['metadata that is null', { metadata: null }],
    ['metadata that is not text', { metadata: { tenant: 7 } }],
    ['a prototype name in its metadata', { metadata: JSON.parse('{"__proto__":"x"}') }],
  ])('is dropped when it has %s', (_, change) => {
    expect(read(change)).toBeUndefined();
  });

  it.each([[null], ['text'], [7], [[]], [undefined]])('is dropped when it is %j', (value) => {
    const door = { from: cloud, question: {}, parseAddress: parsePlainAddress };
    expect(readIndexEntry('titania@x.com', value, door)).toBeUndefined();
  });

  it.each(['', 'nonsense', '__proto__', 'constructor'])('is dropped under the name %j', (name) => {
    expect(read({}, name)).toBeUndefined();
  });

  it('is dropped when it is not what was asked for', () => {
    const titania = addressOf('titania@x.com');
    const agentId = 'id-oberon' as AgentId;
    expect(read({}, 'Titania@x.com', { address: titania })).toBeDefined();
    expect(read({}, 'oberon@x.com', { address: titania })).toBeUndefined();
    expect(read({ agentId }, 'any@x.com', { agentId })).toBeDefined();
    expect(read({}, 'any@x.com', { agentId })).toBeUndefined();
    expect(read({}, 'titania@x.com', { address: titania, agentId })).toBeUndefined();
  });
});

describe('an alias in the map of a peer', () => {
  const readAs = (text: string, aliasOf: unknown, question: Question = {}) =>
    readIndexEntry(text, { ...SENT, aliasOf }, { from: cloud, question, parseAddress: parseIdentityAddress });

  it('is the address that it is an alias of', () => {
    const listed = readAs('ann@bücher.example', 'ann@xn--bcher-kva.example');
    expect(listed).toMatchObject({ address: 'ann@bücher.example', key: 'ann@xn--bcher-kva.example' });
    expect(listed?.entry).not.toHaveProperty('aliasOf');
    expect(readAs('straße@x.com', 'strasse@x.com')?.address).toBe('strasse@x.com');
  });

  it.each(['oberon@x.com', 'ann@bücher.example.com', 'no address', '', null, 1, { address: 'ann@bücher.example' }])(
    'of anything else (%j) is dropped',
    (aliasOf) => {
      expect(readAs('ann@bücher.example', aliasOf)).toBeUndefined();
    },
  );
});
