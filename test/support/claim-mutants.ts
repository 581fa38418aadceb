// Ways to get uniqueness wrong, and one to break a word given to an operator. Most are one place of the product written otherwise, which a
// thread of its own reads in the place of the source (changed-sources.ts); a few are a disk that lies, or another procedure altogether.
// None of them is in the product. The search must notice every one.

import type { Register } from '../../mesh/register/acceptor.ts';
import { BEGINNING_MUTANTS } from './beginning-mutants.ts';
import type { SourceChange } from './changed-sources.ts';
import type { ScheduleName } from './claim-schedules.ts';
import type { SimulationOptions } from './claim-simulation.ts';
import { SOUND_DISK } from './simulated-disk.ts';

/** What is other than in the product; the sources are changed before any of them is read. */
interface Mutation {
  readonly sources?: readonly SourceChange[];
  /** Asks every host, then writes, as the specification says (check-then-write.ts); and what it does when a host is silent. */
  readonly checksThenWrites?: 'goes on' | 'gives up';
  readonly simulation?: SimulationOptions;
}

export interface Mutant extends Mutation {
  readonly name: string;
  /** What it does, in one line. */
  readonly breaks: string;
  /** A run that notices it, found by `npm run mutants`; or the schedule that does, where chance does not find it. */
  readonly noticedBy:
    | { readonly micro: number }
    | { readonly full: number }
    | { readonly collecting: number }
    | { readonly schedule: ScheduleName };
}

const [VOTES, ELECTORATE, PROPOSER] = ['mesh/claims/votes.ts', 'mesh/state/electorate.ts', 'mesh/register/proposer.ts'];
const [MEMBERSHIP, EPOCH] = ['mesh/state/membership.ts', 'mesh/membership/epoch.ts'];
const [MOVE, PROFILE] = ['mesh/membership/move.ts', 'mesh/membership/profile.ts'];

/** Votes that decide, if each side of a configuration is asked for itself. `enough`: an expression of `side` and `votes`. */
const quorum = (enough: string): SourceChange => ({
  file: ELECTORATE,
  from: 'isQuorum: (votes) => isQuorum(config, votes),',
  to: `isQuorum: (votes) => [config.voters, config.old ?? config.voters].every((side) => ${enough}),`,
});
/** How a vote is told from another when it is counted. */
const countedAs = (vote: string): SourceChange => ({
  file: VOTES,
  from: 'hear(proposal, voter, item, electorate)',
  to: `hear(proposal, ${vote}, item, electorate)`,
});

/** Those of claims and of who votes on them. */
export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'check-then-write',
    breaks: 'asks every host for the address and takes it when none has it, as the specification says',
    noticedBy: { micro: 1 },
    checksThenWrites: 'goes on',
    simulation: { watchesDisks: false },
  },
  {
    name: 'check-then-write-closed',
    breaks: 'the same, but refuses whenever a host is silent',
    noticedBy: { micro: 1 },
    checksThenWrites: 'gives up',
    simulation: { watchesDisks: false },
  },
  {
    name: 'half-quorum',
    breaks: 'takes half of the voters for a majority',
    noticedBy: { micro: 1 },
    sources: [
      quorum(
        'Object.entries(side).filter((voter) => votes.has(voter.join(" "))).length >= Math.max(1, Math.floor(Object.keys(side).length / 2))',
      ),
    ],
  },
  {
    name: 'own-value',
    breaks: 'proposes its own claim over one that was accepted',
    noticedBy: { micro: 1 },
    sources: [
      {
        file: PROPOSER,
        from: "    case 'claim':\n    case 'confirm':",
        to: "    case 'claim':\n      return change.owner;\n    case 'confirm':",
      },
    ],
  },
  {
    name: 'unconditional-release',
    breaks: 'releases the address, whoever has it',
    noticedBy: { micro: 4 },
    sources: [
      { file: PROPOSER, from: 'return current?.claimId === change.claimId ? null : current;', to: 'return null;' },
    ],
  },
  {
    name: 'votes-after-disk-loss',
    breaks: 'votes right after losing its disk, and has such votes counted',
    noticedBy: { micro: 43 },
    sources: [
      {
        file: MEMBERSHIP,
        from: 'const { config, self, starts } = membership;\n  if (config === undefined || starts.withdrawnOnWordOf',
        to: 'const { config, self, starts } = membership;\n  return config !== undefined && (self in config.voters || self in (config.old ?? {}));\n  if (starts.withdrawnOnWordOf',
      },
      {
        file: VOTES,
        from: '!isVoter(config, from, incarnation)',
        to: '!(from in config.voters || from in (config.old ?? {}))',
      },
      countedAs("voteKey(from, '')"),
      quorum('Object.keys(side).filter((host) => votes.has(host + " ")).length > Object.keys(side).length / 2'),
    ],
    simulation: { watchesDisks: false },
  },
  {
    name: 'rejoins-from-one-peer',
    breaks: 'asks one of the old voters which addresses there are, not a majority of them',
    noticedBy: { full: 1655 },
    sources: [{ file: MOVE, from: 'isEverybody : isMajority);', to: 'isEverybody : (_, votes) => votes.size >= 1);' }],
  },
  {
    name: 'no-rechoosing',
    breaks: 'changes the voters without having every address chosen again',
    noticedBy: { micro: 43 },
    sources: [
      {
        file: MOVE,
        from: 'if (move === undefined) return;',
        to: 'if (move !== undefined) proposeConfig(state, settledConfig(config, { floor: null, isWhole: false }), out);\n  return;',
      },
    ],
  },
  {
    name: 'no-fsync',
    breaks: 'answers before what it answered is on the disk',
    noticedBy: { micro: 50 },
    simulation: { disk: { ...SOUND_DISK, isHonest: false }, watchesDisks: false },
  },
  {
    name: 'no-epochs',
    breaks: 'votes for whoever asks, by whatever configuration',
    noticedBy: { schedule: 'leftBehind' },
    sources: [
      {
        file: EPOCH,
        from: 'if (standing.mesh === config.mesh && standing.epoch === config.epoch) return undefined;',
        to: 'if (standing.mesh === config.mesh) return undefined;',
      },
    ],
  },
  {
    name: 'duplicate-votes',
    breaks: 'counts a vote each time it hears it',
    noticedBy: { micro: 128 },
    sources: [
      countedAs('voteKey(from, String(Math.random()))'),
      quorum("[...votes].filter((vote) => vote.split(' ')[0] in side).length > Object.keys(side).length / 2"),
    ],
  },
  {
    name: 'promise-not-durable',
    breaks: 'forgets in a crash what it promised, though not what it accepted',
    noticedBy: { micro: 3134 },
    simulation: {
      disk: {
        ...SOUND_DISK,
        keeps: ({ key, value }, before) => {
          if (!key.startsWith('claim/register/') || value === undefined) return true;
          const { accepted } = value as Register;
          const known = before as Register | undefined;
          return accepted !== null && accepted.join() !== known?.accepted?.join();
        },
      },
    },
  },
  {
    name: 'no-fence',
    breaks: 'tells a new epoch which addresses it has, and goes on voting in the one before',
    noticedBy: { schedule: 'toldLate' },
    sources: [
      {
        file: MOVE,
        from: 'const elsewhere = strayed(state, question);',
        to: 'const elsewhere = question.mesh === state.membership.config?.mesh ? undefined : strayed(state, question);',
      },
    ],
  },
  {
    name: 'eviction-forgotten',
    breaks: 'forgets by a restart which host it was asked to evict',
    noticedBy: { schedule: 'askedAlone' },
    simulation: { disk: { ...SOUND_DISK, keeps: ({ key }) => !key.startsWith('claim/evicting/') } },
  },
  {
    name: 'profile-without-wish',
    breaks: 'gives two profiles with other wishes one name',
    noticedBy: { schedule: 'otherProfiles' },
    sources: [
      {
        file: PROFILE,
        from: 'JSON.stringify({ ...whole, ...passing })',
        to: 'JSON.stringify({ ...whole, ...passing, wish: undefined })',
      },
    ],
  },
  {
    name: 'profile-guessed',
    breaks: 'takes a profile that it was not told for the one that it has',
    noticedBy: { schedule: 'backAndForth' },
    sources: [{ file: PROFILE, from: 'last?.profile === profile ?', to: 'last !== undefined ?' }],
  },
  {
    name: 'profile-untold',
    breaks: 'goes on naming a profile to a host that says that it does not know it',
    noticedBy: { schedule: 'forgottenProfile' },
    sources: [
      {
        file: 'mesh/membership/questions.ts',
        from: 'tellWhole(state.membership, from);\n    greet(',
        to: 'greet(',
      },
    ],
  },
  ...BEGINNING_MUTANTS,
];
