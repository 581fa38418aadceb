// Paths and methods that the routes of agents and addresses do not have, and segments that are odd or no UTF-8 at all.
import { describe, it } from 'vitest';
import { expectRefused } from '../../support/refusal.ts';

const AGENTS = '/api/agents';
const AGENT = '/api/agents/a1';
const LIST = '/api/agents/a1/email/addresses';
const ADDRESS = '/api/agents/a1/email/addresses/a%40x.com';
const long = 'x'.repeat(10_000);

describe('a path that leads nowhere', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])(`answers 405 for %s ${AGENTS}`, (method) =>
    expectRefused({ method, path: AGENTS }, { status: 405, error: 'method_not_allowed' }),
  );
  it.each(['PUT', 'POST'])(`answers 405 for %s ${AGENT}`, (method) =>
    expectRefused({ method, path: AGENT, body: '{}' }, { status: 405, error: 'method_not_allowed' }),
  );
  it.each(['PUT', 'PATCH', 'DELETE'])(`answers 405 for %s ${LIST}`, (method) =>
    expectRefused({ method, path: LIST, body: '{}' }, { status: 405, error: 'method_not_allowed' }),
  );
  it.each(['PUT', 'POST'])(`answers 405 for %s ${ADDRESS}`, (method) =>
    expectRefused({ method, path: ADDRESS, body: '{}' }, { status: 405, error: 'method_not_allowed' }),
  );

  const unknownIds = [
    'a3',
    'A1',
    '__proto__',
    'constructor',
    '%20',
    '%00',
    '%2F',
    'a1%2F..%2Fa2',
    '%C3%BC',
    'a1%20',
    long,
  ];
  it.each(unknownIds)('answers 404 for the agent %.60s', async (id) => {
    const expected = { status: 404, error: 'not_found' };
    for (const path of [
      `${AGENTS}/${id}`,
      `${AGENTS}/${id}/email/addresses`,
      `${AGENTS}/${id}/email/addresses/a%40x.com`,
    ])
      await expectRefused({ method: 'GET', path }, expected);
    await expectRefused({ method: 'DELETE', path: `${AGENTS}/${id}` }, expected);
    await expectRefused({ method: 'PATCH', path: `${AGENTS}/${id}`, body: '{"label":"x"}' }, expected);
    await expectRefused({ method: 'DELETE', path: `${AGENTS}/${id}/email/addresses/a%40x.com` }, expected);
    const body = '{"address":"new@x.com"}';
    await expectRefused({ method: 'POST', path: `${AGENTS}/${id}/email/addresses`, body }, expected);
  });

  const notHeld = [
    'c@x.com',
    'nobody',
    '__proto__',
    '%20',
    '%00',
    'a%2540x.com',
    'a%25b@x.com',
    'a%2Fb@x.com',
    'a+b@x.com',
    '%22a%22b@x.com',
    '%E8%87%BA@x.com',
    'a@x.com%00',
    long,
  ];
  it.each(notHeld)('answers 404 for the address %.60s', async (address) => {
    const expected = { status: 404, error: 'not_found' };
    const path = `${LIST}/${address}`;
    for (const method of ['GET', 'DELETE']) await expectRefused({ method, path }, expected);
    await expectRefused({ method: 'PATCH', path, body: '{"primary":true}' }, expected);
  });

  it.each(['%', '%zz', 'a%4', '%E8%87', '%C0%AF', '%ED%A0%80', '%FF'])(
    'answers 400 for %s, naming the segment',
    async (text) => {
      const refused = (field: string) => ({ status: 400, error: 'invalid_request', field });
      for (const method of ['GET', 'DELETE']) {
        await expectRefused({ method, path: `${AGENTS}/${text}` }, refused('id'));
        await expectRefused({ method, path: `${LIST}/${text}` }, refused('address'));
      }
      await expectRefused({ method: 'PATCH', path: `${LIST}/${text}`, body: '{"primary":true}' }, refused('address'));
    },
  );

  it.each([
    '/api/agents/',
    '/api/agents/a1/',
    '/api/agents/a1/email',
    `${LIST}/`,
    `${ADDRESS}/x`,
    '/api/Agents',
    '/api//agents',
  ])('answers 404 for %s', (path) => expectRefused({ method: 'GET', path }, { status: 404, error: 'not_found' }));
});
