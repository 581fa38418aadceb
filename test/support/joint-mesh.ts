// A mesh between two configurations: `cloud` moves it from the voters cloud, mac and mini to cloud, desk and mini, and asks for the registers
// that there are.
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Register } from '../../mesh/register/acceptor.ts';
import type { Config } from '../../mesh/state/config.ts';
import type { CoreState } from '../../mesh/state/core-state.ts';
import { CLAIM_VERSION, type KeysQuestion, type Reply } from '../../mesh/state/messages.ts';
import { RegisterTable } from '../../mesh/state/register-table.ts';
import { coreOn, MESH } from './core-on.ts';
import { cloud, DATA, desk, mini, votersOf, wishOf } from './membership-of.ts';

export const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(cloud, desk, mini), old: MESH.voters };
export const keyOf = (number: number) => `${String(number).padStart(5, '0')}@x.test` as AddressKey;
export const REGISTER: Register = { promised: [1, 'mac'], accepted: null, value: null };

/** A core on `self`, with so many registers. */
export function coreWith(self: HostId, config: Config, count = 0): CoreState {
  const registers = new RegisterTable(
    Array.from({ length: count }, (_, number) => [keyOf(count - 1 - number), REGISTER] as const),
  );
  return coreOn(self, { config, wish: wishOf(Object.keys(JOINT.voters)), records: { registers } });
}

export const asking = (after: string, { mesh, epoch }: Config = JOINT): KeysQuestion => ({
  version: CLAIM_VERSION,
  mesh,
  epoch,
  incarnation: DATA[cloud] ?? '',
  about: 'keys',
  after,
});

/** What `mini` answers when it stands in a later configuration. */
export const aheadBy = (config: Config): Reply => ({
  version: CLAIM_VERSION,
  kind: 'ahead',
  incarnation: DATA[mini] ?? '',
  config,
});
