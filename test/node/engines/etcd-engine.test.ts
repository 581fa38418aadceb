// What MESH_CLAIMS may say of etcd, as far as it is decided without asking it.
import { describe, expect, it } from 'vitest';
import { openEtcd } from '../../../node/engines/etcd-engine.ts';
import { systemClock } from '../../../node/system/clock.ts';

describe('a password for etcd', () => {
  it.each([
    '10.0.0.1:2379',
    '127.0.0.1:2379,10.0.0.1:2379',
    '[::1]:2379,etcd.example:2379',
    'localhost.evil.example:2379',
    '127.evil.example:2379',
    '127.0.0.1.evil.example:2379',
  ])('is not sent in clear text to %s', async (hosts) => {
    const opening = openEtcd(`etcd://root:secret@${hosts}`, { clock: systemClock });
    await expect(opening).rejects.toThrow(/clear text/);
    await expect(opening).rejects.not.toThrow(/secret/);
    await (await openEtcd(`etcd://root:secret@${hosts}?tls=true`, { clock: systemClock })).close();
  });

  it('needs certificates that are there, and an escape that is one', async () => {
    const withCa = openEtcd('etcd://root:secret@etcd.example:2379?ca=/nowhere/ca.pem', { clock: systemClock });
    await expect(withCa).rejects.toThrow(
      /has a ca that can't be used: '\/nowhere\/ca\.pem' does not exist; it is etcd:/,
    );
    await expect(openEtcd('etcd://root:100%@127.0.0.1:2379', { clock: systemClock })).rejects.toThrow(/begins no %XX/);
  });

  it.each(['127.0.0.1:2379,127.8.0.1:2380', 'localhost:2379', '[::1]:2379,LOCALHOST:1'])(
    'may go to %s',
    async (hosts) => {
      await (await openEtcd(`etcd://root:secret@${hosts}`, { clock: systemClock })).close();
    },
  );
});
