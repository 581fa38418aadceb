// Receivers that break TLS in one way or another. An attempt fails by a sentence, the endpoint counts as failing, and the sender goes on.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuard } from '../../../../node/webhooks/guard/guard.ts';
import { judge } from '../../../../node/webhooks/schedule/schedule.ts';
import { createSender } from '../../../../node/webhooks/sender/http-sender.ts';
import { resolveBySystem } from '../../../support/system-names.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const isMissing = spawnSync('openssl', ['version']).error !== undefined;

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Made by the host that shows it, for `names`. */
function certificateOf(names: string): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver';
  const files = ['-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made.split(' '), ...files], { stdio: 'ignore' });
  const certificate = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(directory, { recursive: true });
  return certificate;
}

describe.skipIf(isMissing)(isMissing ? 'TLS: skipped, openssl is not installed' : 'a receiver by TLS', () => {
  const usual = getCACertificates('default');
  let trusted: Certificate;
  let misnamed: Certificate;
  let strange: Certificate;

  beforeAll(() => {
    [trusted, misnamed, strange] = [
      certificateOf('IP:127.0.0.1'),
      certificateOf('DNS:elsewhere.example'),
      certificateOf('IP:127.0.0.1'),
    ];
    setDefaultCACertificates([trusted.cert, misnamed.cert]);
  });
  afterAll(() => setDefaultCACertificates(usual));

  it('that keeps to it is delivered to', async () => {
    const { outcome } = await postTo({ ...trusted }, (socket) => socket.write(OK));
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each<[string, () => TlsOptions, RegExp]>([
    ['has a certificate that nobody vouches for', () => strange, /self-signed certificate/],
    ["has another host's certificate", () => misnamed, /IP: 127\.0\.0\.1 is not in the cert's list/],
    [
      'speaks an old version of it alone',
      () => ({ ...trusted, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      /./,
    ],
    ['speaks HTTP/2 alone', () => ({ ...trusted, ALPNProtocols: ['h2'] }), /./],
  ])('that %s is not spoken to: the endpoint fails, and says why', async (_, options, why) => {
    const { outcome, heard } = await postTo(options(), (socket) => socket.write(OK));
    expect(outcome).toMatchObject({ kind: 'failed', error: 'tls_failed', message: expect.stringMatching(why) });
    expect([judge(outcome, 0), heard()]).toEqual([{ kind: 'failed', isEndpoint: true, retryAfterMs: 0 }, '']);
  });

  it.each<[string, Answer, string]>([
    ['sends what is none behind the handshake', (_, line) => line.write('HTTP/1.1 200 OK\r\n\r\n'), 'tls_failed'],
    [
      'sends a record that nobody encrypted',
      (_, line) => line.write(Buffer.from('1703030004deadbeef', 'hex')),
      'tls_failed',
    ],
    [
      'cuts the line in the midst of a record',
      (_, line) => line.end(Buffer.from('17030300ff00', 'hex')),
      'connection_lost',
    ],
    ['ends it unanswered', (secure) => secure.end(), 'connection_lost'],
    ['breaks off', (secure) => secure.destroy(), 'connection_lost'],
  ])('that %s has not answered', async (_, answer, error) => {
    const { outcome } = await postTo({ ...trusted }, answer);
    expect(outcome).toMatchObject({ kind: 'failed', error, message: expect.stringMatching(/./) });
    expect(judge(outcome, 0)).toMatchObject({ kind: 'failed', isEndpoint: true });
  });

  it('that sends what is none behind a whole answer has answered', async () => {
    const { outcome } = await postTo({ ...trusted }, (secure, line, passedOn) => {
      passedOn(() => line.write('nonsense'));
      secure.write(OK);
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('that shakes hands anew in the midst of it is heard all the same', async () => {
    const { outcome } = await postTo({ ...trusted, maxVersion: 'TLSv1.2' }, (secure) => {
      secure.renegotiate({}, () => undefined);
      secure.write(OK);
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200 });
  });
});

/** `line`: the connection below TLS. `passedOn`: calls its argument once what was sent by TLS has gone out on it. */
type Answer = (secure: TLSSocket, line: Socket, passedOn: (then: () => void) => void) => void;

/** One attempt at a receiver with these options, which does `answer` once the request has come. */
async function postTo(options: TlsOptions, answer: Answer) {
  let heard = '';
  const sockets: Socket[] = [];
  let lines: { readonly outer: Socket; readonly inner: Socket } | undefined;
  const secureServer = createServer(options, (secure) => {
    secure.on('error', () => undefined);
    secure.on('data', (octets) => {
      heard += octets;
      if (!heard.endsWith('{}') || lines === undefined) return;
      const { outer, inner } = lines;
      answer(secure, outer, (then) => inner.once('data', then));
    });
  });
  secureServer.on('tlsClientError', () => undefined);
  const behind = await listen(secureServer);
  const front = createTcpServer((socket) => {
    const inner = connect(behind, '127.0.0.1');
    lines = { outer: socket, inner };
    sockets.push(socket, inner);
    for (const one of [socket, inner]) one.on('error', () => undefined);
    socket.pipe(inner).pipe(socket);
  });
  const port = await listen(front);
  const clock = new VirtualClock();
  const given = { clock, resolve: resolveBySystem, allow: [], loopbackAllowed: true, listening: () => [] };
  const sender = createSender({ guard: createGuard(given), clock });
  const post = { url: `https://127.0.0.1:${port}/hook`, headers: {}, body: new TextEncoder().encode('{}') };
  try {
    return { outcome: await sender.post(post, new AbortController().signal), heard: () => heard };
  } finally {
    await sender.close();
    for (const socket of sockets) socket.destroy();
    for (const server of [front, secureServer]) server.close();
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
