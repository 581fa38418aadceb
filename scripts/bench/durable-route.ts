// The baseline of the claims: a process with a bare Hono route that makes one small commit in the node's own store and answers
// 201, and with one that does nothing. What a claim costs beyond them is what a claim is.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { openStore } from '../../node/store/disk-store.ts';

export interface DurableRoute extends AsyncDisposable {
  readonly url: string;
}

/** Starts it in a process of its own. */
export async function startDurableRoute(): Promise<DurableRoute> {
  const directory = await mkdtemp(join(tmpdir(), 'agent-email-mesh-bare-'));
  const child = fork(fileURLToPath(import.meta.url), [directory]);
  const [url] = (await once(child, 'message')) as [string];
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function serveDurableRoute(directory: string): Promise<void> {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openStore({ directory, log: silent });
  let count = 0;
  const app = new Hono().post('/', async (c) => {
    const body: unknown = await c.req.json();
    count += 1;
    await store.commit([{ key: `bare/${count}`, value: body }]);
    return c.json({ body }, 201);
  });
  app.post('/nothing', async (c) => c.json({ body: await c.req.json() }, 201));
  serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
    process.send?.(`http://127.0.0.1:${port}/`),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== undefined)
  await serveDurableRoute(process.argv[2]);
