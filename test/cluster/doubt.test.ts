// What a host does when the voters may not know what it holds: whole nodes, in virtual time, of which the one in doubt asks about every
// address of its own again.
import { describe, expect, it } from 'vitest';
import { CLAIM_MESSAGES_PATH } from '../../mesh/claims/peer-questions.ts';
import { AttackedMesh, type AttackedMeshOptions } from '../support/attacked-mesh.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

const ADDRESS = 'held@x.com';

/** A mesh in which every question that `asker` puts to the voters of others about `ADDRESS` is noted. */
async function listening(asker: string, ids: readonly string[], options: AttackedMeshOptions = {}) {
  const mesh = await AttackedMesh.of(ids, { token: 'shown-by-the-operators', ...options });
  const asked: string[] = [];
  mesh.attack = ({ from, to, request }, pass) => {
    const isAbout = request.target === CLAIM_MESSAGES_PATH && Buffer.from(request.body ?? []).includes(ADDRESS);
    if (from === asker && isAbout) asked.push(to);
    return pass(request);
  };
  return { mesh, asked };
}

/** Why a host doubted what it holds, as its log says. */
const causes = (mesh: AttackedMesh, id: string) =>
  mesh
    .log(id)
    .named('conflict.doubted')
    .map(({ fields }) => fields.cause);

describe('a host that holds an address', { timeout: WHOLE_MESH_MS_MAX }, () => {
  it('asks nobody about it again when it starts again in the same mesh', async () => {
    const { mesh, asked } = await listening('cloud', ['cloud', 'mac', 'mini']);
    await using _ = mesh;
    await mesh.startAll();
    expect(await mesh.claim('cloud', ADDRESS)).toBe(true);
    asked.length = 0;
    await mesh.start('cloud');
    await mesh.clock.advance(30_000);
    expect(asked).toEqual([]);
  });

  it('asks about it again when its data was restored from a backup', async () => {
    const { mesh, asked } = await listening('mini', ['cloud', 'mac', 'mini']);
    await using _ = mesh;
    await mesh.startAll();
    expect(await mesh.claim('mini', ADDRESS)).toBe(true);
    const backup = mesh.diskOf('mini');
    expect(await mesh.claim('mac', 'later@x.com')).toBe(true);
    await mesh.clock.advance(15_000);
    // It is the first of the voters, `cloud`, that has every address chosen again when `mini` is brought in; `mini` asks only in doubt.
    asked.length = 0;
    await mesh.start('mini', backup);
    await mesh.clock.advance(30_000);
    expect(causes(mesh, 'mini')).toEqual(['rejoined']);
    expect(mesh.log('mini').named('mesh.rejoining')).toHaveLength(1);
    expect(new Set(asked)).toEqual(new Set(['cloud', 'mac']));
  });

  it('asks about it again when an operator had other voters go on', async () => {
    const { mesh, asked } = await listening('cloud', ['cloud', 'mac', 'mini']);
    await using _ = mesh;
    await mesh.startAll();
    expect(await mesh.claim('cloud', ADDRESS)).toBe(true);
    await mesh.stop('cloud');
    await mesh.stop('mini');
    await mesh.clock.advance(40_000);
    expect(await mesh.command('mac', '/api/hosts/recover', { voters: ['mac'], acceptLoss: true })).toBe(200);
    asked.length = 0;
    await mesh.start('cloud');
    await mesh.clock.advance(30_000);
    expect(causes(mesh, 'cloud')).toEqual(['recovered']);
    expect(mesh.log('cloud').named('mesh.recovered')).toHaveLength(1);
    expect(asked).toContain('mac');
  });

  it('asks about it again when it left its mesh for another one', async () => {
    let isApart = true;
    const entry = (id: string, self: string) =>
      isApart && (id === 'lab') !== (self === 'lab') ? { enabled: false } : {};
    const { mesh, asked } = await listening('lab', ['cloud', 'lab', 'mac'], { entry });
    await using _ = mesh;
    await mesh.startAll();
    expect(await mesh.claim('lab', ADDRESS)).toBe(true);
    expect(await mesh.claim('mac', 'other@x.com')).toBe(true);
    isApart = false;
    for (const id of ['cloud', 'mac', 'lab']) await mesh.start(id);
    await mesh.clock.advance(15_000);
    expect(asked).toEqual([]);
    expect(await mesh.command('lab', '/api/hosts/join', { host: 'mac', acceptLoss: true })).toBe(200);
    await mesh.clock.advance(30_000);
    expect(causes(mesh, 'lab')).toEqual(['joined', 'returned']);
    expect(new Set(asked)).toEqual(new Set(['cloud', 'mac']));
  });
});
