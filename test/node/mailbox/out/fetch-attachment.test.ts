// Attachments that are named by their URL: fetched from real sockets, through the guard, and bounded.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { joined } from '../../../../node/http/input.ts';
import { FETCHED_BYTES_MAX, fetchAttachment } from '../../../../node/mailbox/out/fetch-attachment.ts';
import { createGuard } from '../../../../node/webhooks/guard/guard.ts';
import { resolveBySystem } from '../../../support/system-names.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const ALL = 100_000_000;

async function serverOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function fetching(url: string) {
  const clock = new VirtualClock();
  const guard = createGuard({ clock, resolve: resolveBySystem, allow: [], loopbackAllowed: true, listening: () => [] });
  const fetched = fetchAttachment(url, { guard, clock }, async ({ contentType, octets }) => ({
    contentType,
    text: Buffer.from(await joined(octets, ALL))
      .toString()
      .slice(0, 20),
  }));
  return { clock, fetched };
}

const rejection = (words: string) => ({ code: 'message_rejected', message: expect.stringContaining(words) });

describe('an attachment by its URL', () => {
  it('is what is there, after three redirects', async () => {
    const url = await serverOf((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step < 3) response.writeHead(302, { Location: `/${step + 1}` }).end();
      else response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('the file');
    });
    expect(await fetching(`${url}/0`).fetched).toEqual({ contentType: 'text/plain', text: 'the file' });
  });

  it('is refused after a fourth, and when nothing is there', async () => {
    const url = await serverOf((request, response) => {
      if (request.url === '/none') response.writeHead(404).end();
      else response.writeHead(302, { Location: '/again' }).end();
    });
    await expect(fetching(`${url}/0`).fetched).rejects.toMatchObject(rejection('more than 3 times'));
    await expect(fetching(`${url}/none`).fetched).rejects.toMatchObject(rejection('answered 404'));
  });

  it.each([
    'http://169.254.169.254/latest',
    'http://10.0.0.1/',
    'file:///etc/passwd',
    'http://[fe80::1]/',
    'gopher://x.com/',
  ])('is not fetched from %s, whoever sends us there', async (target) => {
    const url = await serverOf((_, response) => response.writeHead(307, { Location: target }).end());
    await expect(fetching(target).fetched).rejects.toMatchObject({ code: 'message_rejected' });
    await expect(fetching(url).fetched).rejects.toMatchObject({ code: 'message_rejected' });
  });

  it('is refused when it is too large', async () => {
    const url = await serverOf((_, response) => {
      response.writeHead(200);
      const piece = Buffer.alloc(1_000_000);
      for (let sent = 0; sent <= FETCHED_BYTES_MAX; sent += piece.length) response.write(piece);
      response.end();
    });
    await expect(fetching(url).fetched).rejects.toMatchObject(rejection('larger than 30000000 octets'));
  });

  it('is refused when it does not come whole within half a minute', async () => {
    const asked = Promise.withResolvers<void>();
    const url = await serverOf((_, response) => {
      response.writeHead(200).write('the beginning');
      asked.resolve();
    });
    const { clock, fetched } = fetching(url);
    const refused = expect(fetched).rejects.toMatchObject(rejection('within 30 s'));
    await asked.promise;
    await clock.advance(30_000);
    await refused;
  });
});
