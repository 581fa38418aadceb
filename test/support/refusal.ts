// How the routes of agents and addresses must refuse: in the one error shape, and without changing anything.
import { expect } from 'vitest';
import type { AgentId } from '../../mesh/names.ts';
import { type TestRegistry, testRegistry } from './test-registry.ts';

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly field?: string;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Agents `a1` titania, with two addresses, and `a2` puck. */
export async function populated(): Promise<TestRegistry> {
  const node = await testRegistry();
  const addresses = ['a@x.com', 'b@x.com'].map((address) => ({ address }));
  await node.registry.agents.create({ id: 'a1' as AgentId, name: 'titania', tools: { email: { addresses } } });
  await node.registry.agents.create({ id: 'a2' as AgentId, name: 'puck' });
  return node;
}

/** All that a request could have changed. */
async function everything(node: TestRegistry): Promise<unknown> {
  return {
    agents: node.registry.table.list(),
    log: await node.registry.changes.read(0, 1_000),
    index: Buffer.from(node.index.bytes().body).toString(),
    disk: [...node.store.snapshot()],
    owners: [...node.claims.owners],
    asked: [...node.claims.asked],
  };
}

/** Sends it, expects the refusal and that nothing changed. */
export async function expectRefused(sent: Sent, expected: Refusal): Promise<void> {
  const node = await populated();
  const before = await everything(node);
  const { method, path, body, headers } = sent;
  const init = { method, headers: { 'Content-Type': 'application/json', ...headers }, ...(body ? { body } : {}) };
  const response = await node.app.request(path, { ...init, duplex: 'half' } as RequestInit);
  const answer = (await response.json()) as Record<string, unknown>;
  const { field } = answer;
  expect({ status: response.status, error: answer.error, field }).toEqual({ field: undefined, ...expected });
  expect(answer.message).toEqual(expect.stringMatching(/^[A-Z':][^\n]{10,500}$/));
  expect(Object.keys(answer).filter((key) => !['error', 'message', 'field'].includes(key))).toEqual([]);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await everything(node)).toEqual(before);
}
