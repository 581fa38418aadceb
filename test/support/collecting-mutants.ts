// Ways to collect a released name too early, or to forget what stands for it. The search must notice every one.
import type { Mutant } from './claim-mutants.ts';
import { SOUND_DISK } from './simulated-disk.ts';

const [COLLECTION, REGISTERS] = ['mesh/claims/collection.ts', 'mesh/state/registers.ts'];
const [MOVE, ADOPTION] = ['mesh/membership/move.ts', 'mesh/membership/adoption.ts'];

export const COLLECTING_MUTANTS: readonly Mutant[] = [
  {
    name: 'floor-not-raised',
    breaks: 'drops a register, and puts no floor in its place',
    noticedBy: { schedule: 'arrivesLate' },
    sources: [
      {
        file: REGISTERS,
        from: 'return [registerGone(key), ...raiseFloor(state, register.promised)];',
        to: 'return [registerGone(key)];',
      },
    ],
  },
  {
    name: 'majority-collects',
    breaks: 'collects what a majority of the voters says nobody has',
    noticedBy: { collecting: 99 },
    sources: [
      {
        file: COLLECTION,
        from: '!isEverybody(config.voters, new Set([own, ...round.answers.keys()]))',
        to: 'round.answers.size + 1 <= hostsOf(config.voters).length / 2',
      },
    ],
  },
  {
    name: 'floor-forgotten',
    breaks: 'forgets its floor by a restart',
    noticedBy: { schedule: 'arrivesLate' },
    simulation: { disk: { ...SOUND_DISK, keeps: ({ key }) => key !== 'claim/floor' } },
  },
  {
    name: 'floor-not-passed-on',
    breaks: 'gives new voters no floor of those before them',
    noticedBy: { schedule: 'handedOn' },
    sources: [{ file: MOVE, from: '{ floor: move.floor, isWhole }', to: '{ floor: null, isWhole }' }],
  },
  {
    name: 'floor-not-taken-over',
    breaks: 'goes on without the floor that a host of an earlier version left out',
    noticedBy: { schedule: 'passedOnWithout' },
    sources: [
      { file: ADOPTION, from: '[...raiseFloor(state, floor), configWrite(whole)]', to: '[configWrite(whole)]' },
    ],
  },
  {
    name: 'votes-by-old-registers',
    breaks: 'votes by registers from before the mesh moved without it',
    noticedBy: { collecting: 753 },
    sources: [
      {
        file: ADOPTION,
        from: 'isVoterThroughout(before, config, self, starts.own.data) ? [] :',
        to: 'true ? [] :',
      },
    ],
  },
  {
    name: 'collects-unlike-ballots',
    breaks: 'collects what every voter says nobody has, each under whichever ballot',
    noticedBy: { schedule: 'leftOut' },
    sources: [
      {
        file: COLLECTION,
        from: "standing.is === 'free' ? order === 0 : order >= 0",
        to: "standing.is === 'free' || order >= 0",
      },
    ],
  },
  {
    name: 'drops-what-changed',
    breaks: 'drops a register that somebody was given since it was asked about',
    noticedBy: { schedule: 'takenMeanwhile' },
    sources: [
      {
        file: COLLECTION,
        from: 'free !== undefined && compareBallots(free, ballot) === 0',
        to: 'ballot !== null || free',
      },
    ],
  },
];
