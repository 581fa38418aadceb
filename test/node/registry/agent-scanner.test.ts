// Agents that are kept without being parsed are what parsing makes of them; whatever else a text is, nothing is made of it.
import { describe, expect, it } from 'vitest';
import { packTexts } from '../../../mesh/packed-texts.ts';
import type { Agent } from '../../../node/registry/agent.ts';
import { AgentScanner, type TakenAgent } from '../../../node/registry/agent-scanner.ts';
import { PackedAgent } from '../../../node/registry/packed-agents.ts';
import { addressOf, agentOf } from '../../support/agent-of.ts';
import { AGENTS } from '../../support/stored-agents.ts';

const named = (displayName: string) => addressOf('n@x.com', { displayName, primary: true });

/** What becomes of these texts, side by side as in a page; `undefined`: it is left to who parses it. */
function scanned(texts: readonly string[]): readonly (Agent | undefined)[] {
  const { octets, starts } = packTexts(texts);
  const scanner = new AgentScanner();
  scanner.beginPage(octets);
  const taken: (TakenAgent | undefined)[] = [];
  for (let at = 0; at < texts.length; at += 1)
    taken.push(scanner.take(starts[at] ?? 0, starts[at + 1] ?? 0, (value) => value as Agent));
  const page = scanner.endPage();
  return taken.map((one) => one && new PackedAgent(one.head, page, one.first, one.count).read());
}

/** Some of the cases have what JSON escapes in an address, or what a newer version wrote there. */
const LEFT = [
  'separators and half characters in its texts',
  'what a newer version wrote beside them',
  'addresses that share what they have, and others',
];

describe('an agent that is not parsed', () => {
  it('is what was stored, beside others', () => {
    const whole = AGENTS.map(([, agent]) => agent);
    const found = scanned(whole.map((agent) => JSON.stringify(agent)));
    for (const [at, [what, agent]] of AGENTS.entries())
      expect(found[at], what).toEqual(LEFT.includes(what) ? undefined : agent);
  });

  it('has its names and metadata, also beyond ASCII and wherever its list stands', () => {
    const { metadata, addresses, ...rest } = agentOf('m', [], {
      metadata: { brace: '{"addresses":[', ü: ']}' },
      addresses: [
        named('Ü 臺'),
        addressOf('o@x.com', { displayName: 'Ü 臺', metadata: { a: '', ü: '🦊' } }),
        addressOf('p@x.com', { displayName: 'Other' }),
      ],
    });
    const orders = [
      { ...rest, metadata, addresses },
      { addresses, ...rest, metadata },
      { metadata, addresses, ...rest },
    ];
    const texts = orders.map((agent) => JSON.stringify(agent));
    expect(scanned(texts)).toEqual(orders);
  });

  it('tells which display names it has', () => {
    const scanner = new AgentScanner();
    const agent = agentOf('d', [], {
      addresses: [
        named('One'),
        addressOf('e@x.com', { displayName: 'One' }),
        addressOf('f@x.com', { displayName: 'Two' }),
      ],
    });
    const json = Buffer.from(JSON.stringify(agent));
    scanner.beginPage(new Uint8Array(json));
    expect(scanner.take(0, json.length, (value) => value as Agent)?.displayNames).toEqual(['One', 'Two']);
  });
});

describe('a text that is left to who parses it', () => {
  const whole = JSON.stringify(agentOf('whole', ['a@x.com', 'b@x.com']));
  const [entry, other] = agentOf('whole', ['a@x.com', 'b@x.com']).addresses;
  const changed = (from: string | RegExp, to: string) => whole.replace(from, to);

  it.each<[string, string]>([
    ['is none of an agent', '{}'],
    ['has no list', JSON.stringify({ ...agentOf('n'), addresses: {} })],
    ['has an escape in an address', changed('a@x.com', '\\u0061@x.com')],
    ['has a control character in an address', changed('a@x.com', 'a\t@x.com')],
    ['has an empty text', changed('"claimId":"claim-of-b@x.com"', '"claimId":""')],
    [
      'has members in another order',
      changed(/"address":"a@x.com","key":"a@x.com"/, '"key":"a@x.com","address":"a@x.com"'),
    ],
    [
      'has another member in an address',
      JSON.stringify(agentOf('m', [], { addresses: [{ ...entry, more: 1 }] as never })),
    ],
    ['has a display name that is none', changed('"primary":true', '"primary":true,"displayName":5')],
    ['has an empty display name', changed('"primary":true', '"primary":true,"displayName":""')],
    ['has metadata that are no texts', changed('"primary":true', '"primary":true,"metadata":{"a":1}')],
    ['has two primary addresses', changed('"primary":false', '"primary":true')],
    ['has no primary address', JSON.stringify(agentOf('m', [], { addresses: [other as never] }))],
    ['has a second list', changed('"createdAt"', '"addresses":[],"createdAt"')],
    ['has its list inside of another member', '{"more":{"addresses":[]},"id":"a"}'],
    ['goes on behind its list with what is no JSON', changed(/"createdAt".*/, '}')],
    ['lacks a comma in its list', changed('},{', '}{')],
  ])('%s', (_, text) => {
    const intact = agentOf('intact', ['c@x.com']);
    const found = scanned([JSON.stringify(intact), text, JSON.stringify(intact)]);
    expect(found).toEqual([intact, undefined, intact]);
  });

  it('is cut off anywhere, though another agent stands behind it', () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(scanned([whole.slice(0, length), whole])[0], String(length)).toBeUndefined();
  });
});
