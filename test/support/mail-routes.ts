// A node with an agent that may send, and a request of its.
import type { SendConfig } from '../../node/send/account.ts';
import type { Mailer, Shipment, ShipmentOutcome } from '../../node/send/mailer.ts';
import { sendConfig } from './mail.ts';
import { accepted } from './mail-world.ts';
import { type TestNode, type TestNodeOptions, testNode } from './test-node.ts';

const ADDRESSES = [
  { address: 'titania@mail.example.com', displayName: 'Titania' },
  { address: 'iac@mail.example.com' },
];

export const MAIL = { to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi' };

export interface World extends TestNode {
  readonly shipped: Shipment[];
  script: (shipment: Shipment) => Promise<ShipmentOutcome> | ShipmentOutcome;
}

export async function withTitania(
  config: Partial<SendConfig> = {},
  options: Pick<TestNodeOptions, 'disk' | 'shown'> = {},
): Promise<World> {
  const shipped: Shipment[] = [];
  const mailer: Mailer = {
    ship: async (shipment) => {
      shipped.push(shipment);
      await shipment.begin();
      return world.script(shipment);
    },
    readyFor: () => 0,
    close: () => Promise.resolve(),
  };
  const world: World = Object.assign(await testNode({ ...options, send: sendConfig(config), mailer }), {
    shipped,
    script: accepted as World['script'],
  });
  world.node.start();
  await world.ask('POST', '/api/agents', { id: 't1', name: 'titania', tools: { email: { addresses: ADDRESSES } } });
  await world.ask('POST', '/api/agents', {
    id: 'o1',
    name: 'oberon',
    tools: { email: { addresses: [{ address: 'oberon@mail.example.com' }] } },
  });
  return world;
}

export const send = (world: World, parts: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  world.ask('POST', '/api/email/send', { agentId: 't1', ...MAIL, ...parts }, headers);
