import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookupBy } from '../../../../node/dns/name-resolver.ts';
import { createPeerConnector, type PeerConnector } from '../../../../node/peers/connections/peer-connector.ts';
import { type LoopbackServer, serveRaw } from '../../../support/loopback.ts';
import { systemAddresses } from '../../../support/system-names.ts';

let server: LoopbackServer;

beforeEach(async () => {
  server = await serveRaw(() => undefined);
});
afterEach(() => server[Symbol.asyncDispose]());

function begin(connector: PeerConnector, port = new URL(server.url).port): Promise<Error | null> {
  return new Promise((resolve) => {
    connector.connect({ hostname: '127.0.0.1', protocol: 'http:', port }, (...[error]) => resolve(error));
  });
}

describe('connecting to a peer', () => {
  it('tells of each connection that was made', async () => {
    const made: Socket[] = [];
    const connector = createPeerConnector(systemAddresses, (socket) => made.push(socket));
    expect(await begin(connector)).toBeNull();
    expect(made.map((socket) => socket.remoteAddress)).toEqual(['127.0.0.1']);
    connector.dropPending();
    expect(made[0]?.destroyed).toBe(false);
    made[0]?.destroy();
  });

  it('tells why one could not be made', async () => {
    const { port } = new URL(server.url);
    await server[Symbol.asyncDispose]();
    const made: Socket[] = [];
    expect(
      await begin(
        createPeerConnector(systemAddresses, (socket) => made.push(socket)),
        port,
      ),
    ).toMatchObject({ code: 'ECONNREFUSED' });
    expect(made).toEqual([]);
    server = await serveRaw(() => undefined);
  });

  it('goes where its name is said to be, and has the name asked again when nobody is there', async () => {
    const { port } = new URL(server.url);
    const forgotten: string[] = [];
    const addresses = {
      lookup: lookupBy(async () => [{ address: '127.0.0.1', family: 4 }]),
      forget: (name: string) => forgotten.push(name),
    };
    const connect = () =>
      new Promise((resolve) => {
        const connector = createPeerConnector(addresses, (socket) => socket.destroy());
        connector.connect({ hostname: 'cloud.example', protocol: 'http:', port }, (...[error]) => resolve(error));
      });
    expect([await connect(), forgotten]).toEqual([null, []]);
    await server[Symbol.asyncDispose]();
    expect([await connect(), forgotten]).toMatchObject([{ code: 'ECONNREFUSED' }, ['cloud.example']]);
    server = await serveRaw(() => undefined);
  });

  it('can be dropped while it is under way', async () => {
    const made: Socket[] = [];
    const dropped = createPeerConnector(systemAddresses, (socket) => made.push(socket));
    void begin(dropped);
    dropped.dropPending();
    // One that was begun later and has ended: the dropped one would have ended before it.
    const later: Socket[] = [];
    await begin(createPeerConnector(systemAddresses, (socket) => later.push(socket)));
    later[0]?.destroy();
    expect(made).toEqual([]);
    await server.emptied();
  });
});
