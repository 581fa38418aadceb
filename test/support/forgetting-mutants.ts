// Ways to forget a host that left while something of it is still there. The schedules must notice every one.
import type { Mutant } from './claim-mutants.ts';
import { SOUND_DISK } from './simulated-disk.ts';

export const FORGETTING_MUTANTS: readonly Mutant[] = [
  {
    name: 'forgets-what-is-held',
    breaks: 'forgets hosts whose claims the registers still name',
    noticedBy: { schedule: 'longGone' },
    sources: [
      {
        file: 'mesh/register/proposer.ts',
        from: 'current !== null && isReplaceable(current) ? null : current',
        to: 'current',
      },
    ],
  },
  {
    name: 'forgets-without-all',
    breaks: 'forgets hosts though a voter has not told which keys it knows',
    noticedBy: { schedule: 'knownToOne' },
    sources: [
      {
        file: 'mesh/membership/move.ts',
        from: '{ floor: move.floor, isWhole }',
        to: '{ floor: move.floor, isWhole: true }',
      },
    ],
  },
  {
    name: 'comes-back-undoubted',
    breaks: 'a host that was forgotten meanwhile takes what it had for its own',
    noticedBy: { schedule: 'comesHome' },
    sources: [{ file: 'mesh/membership/adoption.ts', from: 'mayBeOthersBy(before, config, self) &&', to: 'false &&' }],
  },
  {
    name: 'comes-back-unseen',
    breaks: 'a host that was gone while it was down, and is a member again, takes what it had for its own',
    noticedBy: { schedule: 'comesBack' },
    sources: [{ file: 'mesh/state/config.ts', from: ' || after.epoch > before.epoch + 1', to: '' }],
  },
  {
    name: 'forgets-guests',
    breaks: 'gives an address to a host that is no member, and does not see it leave',
    noticedBy: { schedule: 'neverTakenIn' },
    sources: [{ file: 'mesh/claims/votes.ts', from: ', ...noteGuest(membership, register.value?.hostId)', to: '' }],
  },
  {
    name: 'forgets-guests-by-a-start',
    breaks: 'the same, after the voters were started again',
    noticedBy: { schedule: 'neverTakenIn' },
    simulation: { disk: { ...SOUND_DISK, keeps: ({ key }) => !key.startsWith('claim/guest/') } },
  },
];
