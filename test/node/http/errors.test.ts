// The last resort of every route: what is a bug is logged with its stack, what is a client's going away is not.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { errorAnswer } from '../../../node/http/errors.ts';
import { createShell } from '../../../node/http/shell.ts';
import { RecordingLog } from '../../support/recording-log.ts';

async function failing(signal?: AbortSignal) {
  const log = new RecordingLog();
  const app = createShell(log);
  app.get('/x', () => {
    throw new Error('a bug');
  });
  const response = await app.fetch(new Request('http://localhost/x', signal === undefined ? {} : { signal }));
  return { response, log };
}

describe('a failure of a route', () => {
  it('is answered without a stack and logged with it', async () => {
    const { response, log } = await failing();
    expect([response.status, await response.json()]).toEqual([
      500,
      { error: 'internal_error', message: expect.any(String) },
    ]);
    expect(log.named('request.failed')[0]?.fields.stack).toContain('a bug');
  });

  it('after its client has gone is nobody’s fault', async () => {
    const { response, log } = await failing(AbortSignal.abort());
    expect([response.status, log.named('request.failed'), log.named('request.left').length]).toEqual([499, [], 1]);
  });
});

it('a store that is full is no fault of the request: 507', () => {
  expect(errorAnswer(new MeshError('store_full', 'It is full.')).status).toBe(507);
});
