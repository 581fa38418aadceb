import { expect, it } from 'vitest';
import { ApiKeys, type ApiKeysParts } from '../../../../node/mailbox/org/api-keys.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

it('tells of each key that opens less with the one that made it', async () => {
  const told: [string, boolean][] = [];
  const key = { keyId: 'parent', prefix: 'am_12345', name: 'parent', createdAtMs: 0, updatedAtMs: 0 };
  const answers = {
    key,
    changeKey: { outcome: 'changed', key, keyIds: ['parent', 'child'] },
    removeKey: { outcome: 'deleted', keyIds: ['parent', 'child', 'grandchild'] },
  };
  const asks = { ask: async (name: keyof typeof answers) => answers[name] };
  const keys = new ApiKeys({
    intake: asks as unknown as ApiKeysParts['intake'],
    query: asks as unknown as ApiKeysParts['query'],
    changed: (keyId, isGone) => told.push([keyId, isGone]),
    clock: { wallMs: () => 0 },
    random: seededRandom(7),
  });
  const meant = { keyId: 'parent' };
  await keys.change({ meant, name: 'other' }, { keyId: 'organization' });
  expect(told).toEqual([]);
  await keys.change({ meant, permissions: {} }, { keyId: 'organization' });
  expect(told).toEqual([
    ['parent', false],
    ['child', false],
  ]);
  await keys.remove(meant, { keyId: 'organization' });
  expect(told.slice(2)).toEqual([
    ['parent', true],
    ['child', true],
    ['grandchild', true],
  ]);
});
