// `mesh keys …`, over a real node without a socket.
import { describe, expect, it } from 'vitest';
import { createKey, listKeys, revokeKey } from '../../../node/cli/key-commands.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { clientOf } from '../../support/node-client-of.ts';
import { testNode } from '../../support/test-node.ts';

describe('mesh keys', () => {
  it('makes one, lists it without its text, and ends it', async () => {
    const node = await testNode();
    const call = clientOf(node);
    expect((await listKeys(call, PLAIN)).text).toBe('There is no key; npx mesh keys create makes one.');
    const wish = { name: 'gateway', scope: 'read, webhooks', expires: '90d' };
    const { text } = await createKey(call, wish, node.clock.wallMs());
    const [, secret = '', id = ''] = /^(amk_\w{43})\n\n.*\((.*)\)\. It is shown only now/.exec(text) ?? [];
    const [head = '', row = ''] = (await listKeys(call, PLAIN)).text.split('\n');
    expect(head.split(/ {2,}/)).toEqual(['NAME', 'SCOPES', 'AGENT', 'EXPIRES', 'LAST USED', 'ID']);
    const expiresAt = new Date(node.clock.wallMs() + 90 * 86_400_000).toISOString();
    expect(row.split(/ {2,}/)).toEqual(['gateway', 'read,webhooks', 'all', expiresAt, 'never', id]);
    expect(secret).not.toBe('');
    expect((await revokeKey(call, id)).text).toBe(`${id} opens nothing any more.`);
    expect((await listKeys(call, PLAIN)).value).toEqual([]);
  });

  it.each(['90', 'soon', '0d', '1w'])('refuses to let one expire after %j', async (expires) => {
    const call = clientOf(await testNode());
    const made = createKey(call, { name: 'gateway', scope: 'read', expires }, 0);
    await expect(made).rejects.toThrow(`--expires takes a duration such as 30m, 12h or 90d, not '${expires}'.`);
  });
});
