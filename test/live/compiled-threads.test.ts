// That the threads of a node know where compiled modules are kept. Whether they do shows in nothing but time and memory, and in what Node says
// when it is asked to tell of it.
import { expect, it } from 'vitest';
import { ProcessMesh } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

it("takes the modules of the store's thread from the place where compiled ones are kept", {
  timeout: LIVE_MS_MAX,
}, async () => {
  await using mesh = await ProcessMesh.create([{ id: 'mac' }]);
  const host = mesh.host('mac');
  host.environment = { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  await mesh.start();
  expect(host.log).toMatch(/reading cache from \S+ for StrippedTypeScript file:\S+\/node\/store\/worker\.ts/);
});
