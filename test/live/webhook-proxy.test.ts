// A real node that may not leave its network but by a proxy tells a receiver beyond it, with TLS from end to end.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { Client } from '../support/live.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

/** No address anywhere (RFC 6761): only the proxy knows where it leads. */
const NAME = 'gateway.invalid';

async function certify(
  directory: string,
): Promise<{ readonly key: Buffer; readonly cert: Buffer; readonly file: string }> {
  const [file, keyFile] = [join(directory, 'gateway.pem'), join(directory, 'gateway.key')];
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${NAME}`;
  const files = ['-addext', `subjectAltName=DNS:${NAME}`, '-keyout', keyFile, '-out', file];
  execFileSync('openssl', [...made.split(' '), ...files], { stdio: 'ignore' });
  return { key: await readFile(keyFile), cert: await readFile(file), file };
}

const isMissing = spawnSync('openssl', ['version']).error !== undefined;

it.skipIf(isMissing)(
  isMissing
    ? 'nothing goes through a proxy: skipped, openssl is not installed'
    : 'a change reaches an https receiver through the proxy, which opens no closed address',
  async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'webhook-proxy-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const certificate = await certify(directory);
    const server = createServer(certificate).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stack.defer(() => void server.close());
    const port = (server.address() as AddressInfo).port;
    const proxy = stack.use(await startConnectProxy({ leads: () => port }));

    const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }]));
    const mac = mesh.host('mac');
    mac.environment = {
      MESH_WEBHOOK_PROXY: `http://mesh:open-sesame@127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: certificate.file,
    };
    await mesh.start();
    const client = stack.use(new Client());
    const subscription = { url: `https://${NAME}/hooks`, events: ['agent.created'] };
    expect((await client.expect(mac, 'POST', '/api/webhooks', subscription)).status).toBe(201);
    const came = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    await client.expect(mac, 'POST', '/api/agents', { name: 'iac' });
    const [request, response] = await came;
    expect(JSON.parse(await text(request))).toMatchObject({ type: 'agent.created', agent: { name: 'iac' } });
    response.writeHead(204).end();
    expect(new Set(proxy.asked)).toEqual(new Set([`${NAME}:443`]));
    expect(proxy.headers[0]).toHaveProperty('proxy-authorization');
    expect(mac.log).not.toContain('open-sesame');

    for (const url of [`${mac.url}/hooks`, 'https://10.0.0.1/hooks']) {
      const refused = await client.expect(mac, 'POST', '/api/webhooks', { ...subscription, url });
      expect(refused.body).toMatchObject({ error: 'url_refused', field: 'url' });
    }
    server.closeAllConnections();
  },
  LIVE_MS_MAX,
);
