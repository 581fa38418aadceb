// After a start, what was loaded is held against what the change log says of it.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import type { MemoryDisk } from '../../support/memory-store.ts';
import { testRegistry } from '../../support/test-registry.ts';

const never = new AbortController().signal;

async function someAgents(): Promise<MemoryDisk> {
  const { registry, store } = await testRegistry();
  const email = (...addresses: string[]) => ({ email: { addresses: addresses.map((address) => ({ address })) } });
  await registry.agents.create({ id: 'a1' as AgentId, name: 'a', tools: email('a@x.com', 'b@x.com') });
  await registry.agents.create({ id: 'a2' as AgentId, name: 'b', tools: email('c@x.com') });
  await registry.agents.patch('a2' as AgentId, { tools: { email: { enabled: false } } });
  await registry.agents.patch('a1' as AgentId, { name: 'c', label: 'C' });
  return store.snapshot();
}

async function checked(disk: MemoryDisk, signal = never) {
  const { registry, store } = await testRegistry({ disk, seed: 2 });
  await registry.check(signal);
  return Promise.race([store.failed, Promise.resolve(undefined)]);
}

describe('the check of what was loaded', () => {
  it('finds nothing when the store is as it was written', async () => {
    expect(await checked(await someAgents())).toBeUndefined();
  });

  it.each([
    ['an agent is missing', (disk: Map<string, string>) => disk.delete('agent/a1')],
    ['an agent has another name', (disk: Map<string, string>) => rename(disk, '"name":"c"', '"name":"d"')],
    [
      'an address is shown that was not',
      (disk: Map<string, string>) => rename(disk, '"emailEnabled":false', '"emailEnabled":true'),
    ],
  ])('stops the node with a sentence when %s', async (_, spoil) => {
    const disk = new Map(await someAgents());
    spoil(disk);
    expect(await checked(disk)).toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('are not those that its change log told of'),
    });
  });

  it('finds nothing in data from before the log kept a digest: the digest is made of them', async () => {
    const disk = new Map(await someAgents());
    disk.delete('change-end');
    rename(disk, '"name":"c"', '"name":"d"');
    expect(await checked(disk)).toBeUndefined();
  });

  it('is ended by the end of the node', async () => {
    const disk = new Map(await someAgents());
    disk.delete('agent/a1');
    expect(await checked(disk, AbortSignal.abort())).toBeUndefined();
  });
});

function rename(disk: Map<string, string>, from: string, to: string): void {
  for (const [key, text] of disk) if (key.startsWith('agent/')) disk.set(key, text.replace(from, to));
}
