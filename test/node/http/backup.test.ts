// POST /api/backup: who is given a backup, and of what.
import { describe, expect, it } from 'vitest';
import { backupRoutes } from '../../../node/http/routes/backup.ts';
import { createShell } from '../../../node/http/shell.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testNode } from '../../support/test-node.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function routes(isGuarded: boolean, pieces: (signal: AbortSignal) => AsyncGenerator<Uint8Array>) {
  const log = new RecordingLog();
  const app = createShell(log);
  const made: boolean[] = [];
  let ended = 0;
  const backups = {
    make: async ({ withKeys }: { withKeys: boolean }) => {
      made.push(withKeys);
      return {
        pieces,
        [Symbol.dispose]: () => {
          ended += 1;
        },
      };
    },
  };
  const stop = new AbortController();
  backupRoutes(app, { backups, isGuarded, clock: new VirtualClock(), log, stopping: stop.signal });
  let cut = 0;
  const incoming = { socket: { destroy: () => (cut += 1) } };
  const ask = (body: unknown) =>
    app.request(
      '/api/backup',
      { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      { incoming },
    );
  return { ask, made, stop, log, ended: () => ended, cut: () => cut };
}

async function* two() {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

describe('a backup over HTTP', () => {
  it('is an archive, and its copy goes when it was sent', async () => {
    const { ask, made, ended } = routes(false, two);
    const answer = await ask({});
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'application/x-tar',
      'onetwo',
    ]);
    expect([made, ended()]).toEqual([[false], 1]);
  });

  it('gives keys only where a token was asked for', async () => {
    const open = routes(false, two);
    const refused = await open.ask({ withKeys: true });
    expect([refused.status, await refused.json(), open.made]).toEqual([
      403,
      { error: 'forbidden', message: expect.stringContaining('MESH_TOKEN') },
      [],
    ]);
    const guarded = routes(true, two);
    expect([(await guarded.ask({ withKeys: true })).status, guarded.made]).toEqual([200, [true]]);
  });

  it('that can’t be finished is cut off, so that nobody takes it for whole', async () => {
    const failing = routes(false, async function* torn() {
      yield Buffer.from('one');
      throw new Error('the disk is gone');
    });
    await (await failing.ask({})).text();
    expect([failing.cut(), failing.ended()]).toEqual([1, 1]);
    expect(failing.log.events.map(({ event }) => event)).toContain('backup.failed');
  });

  it('is refused for a wrong body, and by a node that stops', async () => {
    const { ask, stop, made } = routes(true, two);
    expect((await ask({ withKey: true })).status).toBe(400);
    stop.abort();
    expect([(await ask({})).status, made]).toEqual([503, []]);
  });

  it('needs a key of scope admin, and is not there for a node without a disk', async () => {
    const { node, ask } = await testNode({ token: 'a-token-of-sixteen-characters' });
    await using _ = node;
    expect((await ask('POST', '/api/backup', {})).status).toBe(401);
    const shown = { authorization: 'Bearer a-token-of-sixteen-characters' };
    expect((await ask('POST', '/api/backup', {}, shown)).status).toBe(404);
    const made = await ask('POST', '/api/keys', { name: 'k', scopes: ['read', 'agents:write'] }, shown);
    const { secret } = made.body as { secret: string };
    const asked = await ask('POST', '/api/backup', {}, { authorization: `Bearer ${secret}` });
    expect([asked.status, (asked.body as { message: string }).message]).toEqual([
      403,
      expect.stringContaining("scope 'admin'"),
    ]);
  });
});
