// What the rooms of mesh/ may import.
import type { Arrow } from './arrow.ts';

/** What every room of the mesh may know. */
const MESH_ROOT = [
  ...[
    'errors',
    'hosts-json',
    'invariant',
    'limits',
    'name-schemas',
    'names',
    'owner',
    'packed-texts',
    'peer-silence',
    'ports',
    'roster',
    'uuid',
  ].map((name) => `mesh/${name}.ts`),
  'mesh/json/',
];

/** None of them imports anything of node/. */
export const MESH_ROOMS: readonly Arrow[] = [
  ['mesh/address/', ['mesh/address/', ...MESH_ROOT]],
  ['mesh/signature/', ['mesh/signature/', ...MESH_ROOT]],
  ['mesh/time/', ['mesh/time/', ...MESH_ROOT]],
  // Who speaks is proven once, and then every frame is.
  ['mesh/channel/', ['mesh/channel/', 'mesh/signature/', ...MESH_ROOT]],
  // Who gets in is proven by a token, in the way that channels are opened.
  ['mesh/admission/', ['mesh/admission/', 'mesh/channel/', 'mesh/signature/', ...MESH_ROOT]],
  ['mesh/json/', ['mesh/json/', 'mesh/time/', ...MESH_ROOT]],
  ['mesh/lookup/', ['mesh/lookup/', 'mesh/address/', 'mesh/time/', ...MESH_ROOT]],
  // What is followed are the rows of the index that look-ups ask for.
  ['mesh/feed/', ['mesh/feed/', 'mesh/lookup/', 'mesh/signature/', 'mesh/time/', ...MESH_ROOT]],
  // The paper's own parts: a register knows of no mesh, no operation and no registry.
  ['mesh/register/', ['mesh/register/', ...MESH_ROOT]],
  // One state machine in floors: each works on what is below it, and none knows of what is above.
  ['mesh/state/', ['mesh/state/', 'mesh/register/', 'mesh/json/', ...MESH_ROOT]],
  ['mesh/operations/', ['mesh/operations/', 'mesh/state/', 'mesh/register/', ...MESH_ROOT]],
  ['mesh/membership/', ['mesh/membership/', 'mesh/operations/', 'mesh/state/', 'mesh/register/', ...MESH_ROOT]],
  [
    'mesh/claims/',
    [
      'mesh/claims/',
      'mesh/membership/',
      'mesh/operations/',
      'mesh/state/',
      'mesh/register/',
      'mesh/time/',
      ...MESH_ROOT,
    ],
  ],
  // It keeps claims without a register, and without voters of this mesh.
  ['mesh/engine/', ['mesh/engine/', 'mesh/state/', 'mesh/time/', ...MESH_ROOT]],
  ['mesh/', MESH_ROOT],
];
