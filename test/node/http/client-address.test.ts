// Who counts as one client where something is shared out: places for bodies, attachments, questions to the mesh.
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { clientAddress } from '../../../node/http/client-address.ts';

const app = new Hono().get('/', (c) => c.text(clientAddress(c)));

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  // Whoever has one address of such a network has them all, and would have a share for each.
  ['2001:db8:0:1::a', '2001:db8:0:1::/64'],
  ['2001:db8:0:1:ffff::b', '2001:db8:0:1::/64'],
  [undefined, ''],
])('a connection from %s is one of %j', async (remoteAddress, client) => {
  const answer = await app.request('/', {}, { incoming: { socket: { remoteAddress } } });
  expect(await answer.text()).toBe(client);
});

it('is nobody in particular without a connection', async () => {
  expect(await (await app.request('/')).text()).toBe('');
});
