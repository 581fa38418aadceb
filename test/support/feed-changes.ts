// Changes of a registry by chance, of every kind that its log can tell of.
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import type { Registry } from '../../node/registry/registry.ts';

/** Few, so that an address goes from one agent to another. */
const ADDRESSES = 12;

interface Change {
  readonly name: string;
  readonly done: Promise<unknown>;
}

/** Begins one. It rejects with a `MeshError` when it can't be done as things stand. */
export function changeSomething({ agents, addresses, table }: Registry, hostId: HostId, random: Random): Change {
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random.next() * items.length)];
  const some = () => Math.floor(random.next() * 1e9).toString(36);
  const address = `${hostId}-${Math.floor(random.next() * ADDRESSES)}@x.test`;
  const agent = pick(table.list());
  const chance = random.next();
  if (agent === undefined || chance < 0.25) {
    const email = { addresses: chance < 0.2 ? [{ address }] : [] };
    return {
      name: 'created',
      done: agents.create({ name: some(), id: `agent-${some()}` as AgentId, tools: { email } }),
    };
  }
  const { id, emailEnabled } = agent;
  const held = pick(agent.addresses);
  if (held === undefined || chance < 0.5) return { name: 'address added', done: addresses.add(id, { address }) };
  if (chance < 0.6) return { name: 'address removed', done: addresses.remove(id, held.address) };
  if (chance < 0.7) {
    const details = { metadata: { note: some() }, primary: true };
    return { name: 'address changed', done: addresses.patch(id, held.address, details) };
  }
  if (chance < 0.8) return { name: 'renamed', done: agents.patch(id, { name: some() }) };
  if (chance < 0.9) {
    const done = agents.patch(id, { tools: { email: { enabled: !emailEnabled } } });
    return { name: emailEnabled ? 'disabled' : 'enabled', done };
  }
  return { name: 'removed', done: agents.remove(id) };
}
