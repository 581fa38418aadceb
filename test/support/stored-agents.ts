// Agents as a store may have them, one for each way in which they differ.
import type { AddressKey } from '../../mesh/names.ts';
import type { Agent, AgentAddress } from '../../node/registry/agent.ts';
import { addressOf, agentOf } from './agent-of.ts';

const key = (text: string) => text as AddressKey;
const SINCE = '2026-02-03T12:00:00.000Z';

export const AGENTS: readonly (readonly [what: string, agent: Agent])[] = [
  ['no address', agentOf('bare')],
  ['one address', agentOf('one', ['one@x.com'])],
  [
    'ten addresses',
    agentOf(
      'ten',
      Array.from({ length: 10 }, (_, at) => `${at}@ten.x.com`),
    ),
  ],
  ['email disabled', agentOf('quiet', ['quiet@x.com'], { emailEnabled: false })],
  [
    'all that an agent can have',
    agentOf('all', ['all@x.com'], { label: 'L\t"1"', metadata: { k: 'v\t' }, createdFrom: 'h' }),
  ],
  [
    'addresses that share what they have, and others',
    agentOf('sharing', [], {
      addresses: [
        addressOf('a@x.com', { displayName: 'Agent', since: SINCE, primary: true }),
        addressOf('b@x.com', { displayName: 'Agent', since: SINCE }),
        addressOf('c@x.com', { displayName: 'Another' }),
        addressOf('d@x.com', { displayName: '=', metadata: { tenant: 't\t1', ü: '臺' } }),
        addressOf('e@x.com', { metadata: {} }),
        addressOf('f@x.com'),
      ],
    }),
  ],
  [
    'a first address without a name',
    agentOf('later', [], {
      addresses: [addressOf('g@x.com', { primary: true }), addressOf('h@x.com', { displayName: 'H' })],
    }),
  ],
  [
    'addresses beyond ASCII',
    agentOf('unicode', [], {
      addresses: [
        addressOf('u@bücher.example', { key: key('u@xn--bcher-kva.example'), primary: true }),
        addressOf('臺@x.com', { displayName: '臺 🦊' }),
      ],
    }),
  ],
  [
    'separators and half characters in its texts',
    agentOf('odd', [], {
      label: '\ud800',
      addresses: [
        addressOf('"a\tb"@x.com', { displayName: 'a\tb', since: `${SINCE}\t`, primary: true }),
        addressOf('i@x.com', { displayName: '\ud800', claimId: 'c\t1' as AgentAddress['claimId'] }),
        addressOf('j@x.com', { displayName: 'a\tb', since: `${SINCE}\t` }),
      ],
    }),
  ],
  [
    'what a newer version wrote beside them',
    {
      ...agentOf('newer', []),
      more: [1],
      addresses: [{ ...addressOf('k@x.com'), more: { k: 1 } }, addressOf('l@x.com')],
    } as Agent,
  ],
];
