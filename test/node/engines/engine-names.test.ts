// Engines by name: their libraries connect where our own resolver says, and ask nobody else.
import { describe, expect, it } from 'vitest';
import { lookupBy } from '../../../node/dns/name-resolver.ts';
import { openEtcd } from '../../../node/engines/etcd-engine.ts';
import { openPostgres } from '../../../node/engines/postgres-engine.ts';
import { systemClock } from '../../../node/system/clock.ts';
import { serveRaw } from '../../support/loopback.ts';

function names() {
  const asked: string[] = [];
  const lookup = lookupBy(async (name) => {
    asked.push(name);
    return [{ address: '127.0.0.1', family: 4 }];
  });
  return { asked, lookup };
}

describe('an engine', () => {
  it('etcd is reached where our resolver says', async () => {
    await using server = await serveRaw((socket) =>
      socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 18\r\n\r\n{"message":"busy"}'),
    );
    const { asked, lookup } = names();
    const engine = await openEtcd(`etcd://etcd.example:${new URL(server.url).port}`, { clock: systemClock, lookup });
    await expect(engine.ping(AbortSignal.timeout(5_000))).rejects.toThrow(/busy/);
    expect(asked).toEqual(['etcd.example']);
    await engine.close();
  });

  it('PostgreSQL is reached where our resolver says', async () => {
    const { promise: began, resolve } = Promise.withResolvers<string>();
    await using server = await serveRaw((socket, text) => {
      resolve(text);
      socket.destroy();
    });
    const { asked, lookup } = names();
    const engine = openPostgres(`postgres://ann@db.example:${new URL(server.url).port}/claims`, lookup);
    await expect(engine.ping(AbortSignal.timeout(5_000))).rejects.toThrow(/db\.example/);
    expect(await began).toContain('database\0claims');
    expect(asked).toEqual(['db.example']);
    await engine.close();
  });
});
