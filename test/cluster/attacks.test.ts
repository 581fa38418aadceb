// Somebody between whole nodes, with no key and no secret: what they make of his word. The attacks on which two owners hang are beside
// their mutants (mutants.test.ts).
import { describe, expect, it } from 'vitest';
import { type Attack, AttackedMesh, type AttackedMeshOptions } from '../support/attacked-mesh.ts';
import { stranger } from '../support/peer-mutants.ts';
import { testKeys } from '../support/test-keys.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const secret = 'a secret of the operators';
const honest: Attack = ({ request }, pass) => pass(request);

interface HostShown {
  readonly id: string;
  readonly legacy?: boolean;
  readonly remark?: string;
  readonly votes: boolean;
  readonly key?: { readonly state: string; readonly why?: string };
}

async function shown(mesh: AttackedMesh, host: string): Promise<HostShown | undefined> {
  const { hosts } = await mesh.ask<{ hosts: HostShown[] }>('mac', '/api/hosts');
  return hosts.find(({ id }) => id === host);
}

/** `mac` and `cloud`, of which `mac` only ever hears a stranger. */
async function withStranger(options: AttackedMeshOptions = {}): Promise<AttackedMesh> {
  const mesh = await AttackedMesh.of(['mac', 'cloud'], options);
  mesh.attack = ({ from, request }, pass) => (from === 'mac' ? stranger(request) : pass(request));
  await mesh.startAll();
  return mesh;
}

describe('a stranger who answers for a host, and knows no hello,', { timeout: WHOLE_MESH_MS_MAX }, () => {
  it('takes no vote where a secret is set, his look-ups count as silence, and the operator reads what to do', async () => {
    await using mesh = await withStranger({ secret });
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
    const cloud = await shown(mesh, 'cloud');
    expect([cloud?.legacy, cloud?.key?.state]).toEqual([undefined, 'untrusted']);
    expect(cloud?.key?.why).toMatch(/"legacy": true/);
    expect((await mesh.lookUp('mac', 'a@x.com')).failures).toEqual({ cloud: 'peer_untrusted' });
  });

  it('takes no vote over a public network', async () => {
    await using mesh = await withStranger({ address: '203.0.113.9' });
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
    expect(await shown(mesh, 'cloud')).toMatchObject({ key: { state: 'untrusted' } });
  });

  it('takes no vote from a host whose key stands in hosts.json', async () => {
    const { publicKey } = testKeys('cloud').cloud.signer;
    await using mesh = await withStranger({ entry: (id) => (id === 'cloud' ? { publicKey } : {}) });
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
    expect((await mesh.lookUp('mac', 'a@x.com')).failures).toEqual({ cloud: 'peer_untrusted' });
  });

  it('takes no vote from a host that was seen with a key in an earlier run', async () => {
    await using mesh = await AttackedMesh.of(['mac', 'cloud']);
    await mesh.startAll();
    mesh.attack = ({ request }) => stranger(request);
    await mesh.start('mac');
    await mesh.clock.advance(60_000);
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
    expect(await shown(mesh, 'cloud')).toMatchObject({ votes: true, key: { state: 'pinned' } });
    mesh.attack = honest;
    await mesh.clock.advance(15_000);
    expect(await mesh.claim('mac', 'a@x.com')).toBe(true);
  });

  it('is believed on a private network without a secret, of a host that was never seen: loudly', async () => {
    await using mesh = await withStranger();
    expect(await shown(mesh, 'cloud')).toMatchObject({
      legacy: true,
      votes: false,
      remark: expect.stringMatching(/"legacy": true.*MESH_SECRET/),
    });
    expect(mesh.log('mac').named('legacy.found')).toMatchObject([{ level: 'warn', fields: { hostId: 'cloud' } }]);
  });

  it('is believed of a host that hosts.json declares legacy, with a secret too', async () => {
    await using mesh = await withStranger({
      secret,
      entry: (id) => (id === 'cloud' ? { legacy: true } : {}),
    });
    expect(await shown(mesh, 'cloud')).toMatchObject({ legacy: true, votes: false });
    expect((await shown(mesh, 'cloud'))?.remark).toBeUndefined();
    expect(await mesh.lookUp('mac', 'a@x.com')).toEqual({ owner: undefined, failures: {} });
    expect(await mesh.claim('mac', 'a@x.com')).toBe(true);
  });
});

it('a host that one hosts.json declares legacy, and another does not, keeps both from claiming', {
  timeout: WHOLE_MESH_MS_MAX,
}, async () => {
  const entry = (id: string, self: string) => (id === 'mini' && self === 'mac' ? { legacy: true } : {});
  await using mesh = await AttackedMesh.of(['mac', 'cloud', 'mini'], { secret, entry });
  mesh.attack = ({ to, request }, pass) => (to === 'mini' ? stranger(request) : pass(request));
  await mesh.startAll();
  expect([await mesh.claim('mac', 'a@x.com'), await mesh.claim('cloud', 'a@x.com')]).toEqual([false, false]);
  const { message } = await mesh.ask<{ message: string }>('mac', '/ready');
  expect(message).toMatch(
    /do not agree on who votes: this host goes by cloud, mac, but 'cloud' goes by cloud, mac, mini/,
  );
});

describe('somebody in between', { timeout: WHOLE_MESH_MS_MAX }, () => {
  it.each([secret, undefined])(
    'who gives each host the other’s answers is found out in both directions (secret: %s)',
    async (known) => {
      await using mesh = await AttackedMesh.of(['mac', 'cloud', 'mini'], { secret: known });
      await mesh.startAll();
      for (const id of ['mac', 'cloud', 'mini']) expect(await mesh.claim(id, `of-${id}@x.com`)).toBe(true);
      const elsewhere = (to: string) => (to === 'mini' ? 'cloud' : 'mini');
      mesh.attack = ({ to, request }, pass) => pass({ ...request, origin: `http://${elsewhere(to)}.example:23000` });
      for (const asker of ['mac', 'cloud'])
        expect((await mesh.lookUp(asker, 'of-mini@x.com')).failures.mini).toMatch(/peer_(refused|untrusted)/);
      mesh.attack = honest;
      await mesh.clock.advance(15_000);
      expect(await mesh.lookUp('mac', 'of-mini@x.com')).toEqual({ owner: 'mini', failures: {} });
    },
  );

  it('who plays every earlier answer again makes hosts silent, and nothing else', async () => {
    await using mesh = await AttackedMesh.of(['mac', 'cloud'], { secret });
    await mesh.startAll();
    const earlier = new Map<string, Awaited<ReturnType<Attack>>>();
    mesh.attack = async ({ from, to, request }, pass) => {
      const name = `${from} ${to} ${request.target}`;
      const old = earlier.get(name);
      if (old === undefined) earlier.set(name, await pass(request));
      return old ?? (earlier.get(name) as Awaited<ReturnType<Attack>>);
    };
    expect((await mesh.lookUp('mac', 'a@x.com')).failures).toEqual({});
    expect((await mesh.lookUp('mac', 'a@x.com')).failures).toEqual({ cloud: 'peer_untrusted' });
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
    mesh.attack = honest;
    await mesh.clock.advance(15_000);
    expect(await mesh.claim('cloud', 'a@x.com')).toBe(true);
    expect(await mesh.claim('mac', 'a@x.com')).toBe(false);
  });
});
