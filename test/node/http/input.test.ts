import { describe, expect, it } from 'vitest';
import { pathSegment } from '../../../node/http/input.ts';
import { resource } from '../../../node/http/methods.ts';
import { createShell } from '../../../node/http/shell.ts';
import { RecordingLog } from '../../support/recording-log.ts';

function echo() {
  const app = createShell(new RecordingLog());
  resource(app, '/api/things/:id/parts/:part', { GET: (c) => c.json([pathSegment(c, 'id'), pathSegment(c, 'part')]) });
  return app;
}

describe('a path segment', () => {
  it.each([
    ['a%40b', 'a@b'],
    ['a%2Fb', 'a/b'],
    ['a%252Fb', 'a%2Fb'],
    ['a%25b', 'a%b'],
    ['a+b', 'a+b'],
    ['%E8%87%BA', '臺'],
  ])('%s is decoded once, to %s', async (sent, meant) => {
    expect(await (await echo().request(`/api/things/x/parts/${sent}`)).json()).toEqual(['x', meant]);
  });

  it.each(['%', '%zz', '%E8%87', '%C0%AF'])('%s is refused, naming the segment', async (sent) => {
    const response = await echo().request(`/api/things/x/parts/${sent}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request', field: 'part' });
  });
});

describe('a known path with another method', () => {
  it('answers 405 with Allow', async () => {
    const response = await echo().request('/api/things/x/parts/y', { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.json()).toMatchObject({ error: 'method_not_allowed' });
  });
});

describe('an unknown path', () => {
  it('answers 404 in the error shape', async () => {
    const response = await echo().request('/nothing');
    expect([response.status, await response.json()]).toMatchObject([404, { error: 'not_found' }]);
  });
});
