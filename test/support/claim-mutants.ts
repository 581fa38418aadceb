// Ways to get uniqueness wrong (claims design, "Mutants"), and one to break a word given to an operator. Each is a core that was handed one broken rule, a disk that lies,
// or another procedure altogether; none of them is in the product. The search must notice every one.

import { RULES, type Rules } from '../../mesh/claims/rules.ts';
import { type Config, hostsOf, type VoteKey, type Voters, voteKey } from '../../mesh/membership/config.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Register } from '../../mesh/register/acceptor.ts';
import { checkThenWrite } from './check-then-write.ts';
import type { ScheduleName } from './claim-schedules.ts';
import type { SimulationOptions } from './claim-simulation.ts';
import { SOUND_DISK } from './simulated-disk.ts';

export interface Mutant {
  readonly name: string;
  /** What it does, in one line. */
  readonly breaks: string;
  /** A run that notices it, found by `npm run mutants`; or the schedule that does, where chance does not find it. */
  readonly noticedBy: { readonly micro: number } | { readonly full: number } | { readonly schedule: ScheduleName };
  /** Made anew for each run: some keep counts. */
  options(): SimulationOptions;
}

const withRules =
  (rules: Partial<Rules>, more: SimulationOptions = {}) =>
  (): SimulationOptions => ({ rules: { ...RULES, ...rules }, ...more });

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'check-then-write',
    breaks: 'asks every host for the address and takes it when none has it, as the specification says',
    noticedBy: { micro: 1 },
    options: () => ({ step: checkThenWrite('goes on'), watchesDisks: false }),
  },
  {
    name: 'check-then-write-closed',
    breaks: 'the same, but refuses whenever a host is silent',
    noticedBy: { micro: 1 },
    options: () => ({ step: checkThenWrite('gives up'), watchesDisks: false }),
  },
  {
    name: 'half-quorum',
    breaks: 'takes half of the voters for a majority',
    noticedBy: { micro: 1 },
    options: withRules({ isQuorum: (config, votes) => sidesOf(config).every((side) => isHalf(side, votes)) }),
  },
  {
    name: 'own-value',
    breaks: 'proposes its own claim over one that was accepted',
    noticedBy: { micro: 1 },
    options: withRules({
      applyChange: (change, current, abandoned) =>
        change.kind === 'claim' ? change.owner : RULES.applyChange(change, current, abandoned),
    }),
  },
  {
    name: 'unconditional-release',
    breaks: 'frees the address, whoever has it',
    noticedBy: { micro: 3 },
    options: withRules({
      applyChange: (change, current, abandoned) =>
        change.kind === 'free' ? null : RULES.applyChange(change, current, abandoned),
    }),
  },
  {
    name: 'votes-after-disk-loss',
    breaks: 'votes right after losing its disk, and has such votes counted',
    noticedBy: { micro: 43 },
    options: withRules(
      {
        mayVote: ({ config, self }) => config !== undefined && hostIn(config, self),
        counts: (config, host) => hostIn(config, host),
        voteKey: (host) => voteKey(host, ''),
        isQuorum: (config, votes) => sidesOf(config).every((side) => isMajorityOfHosts(side, votes)),
      },
      { watchesDisks: false },
    ),
  },
  {
    name: 'rejoins-from-one-peer',
    breaks: 'asks one of the old voters which addresses there are, not a majority of them',
    noticedBy: { full: 1655 },
    options: withRules({ haveToldEnough: (_, votes) => votes.size >= 1 }),
  },
  {
    name: 'no-rechoosing',
    breaks: 'changes the voters without having every address chosen again',
    noticedBy: { micro: 43 },
    options: withRules({ rechooses: false }),
  },
  {
    name: 'no-fsync',
    breaks: 'answers before what it answered is on the disk',
    noticedBy: { micro: 50 },
    options: () => ({ disk: { ...SOUND_DISK, isHonest: false }, watchesDisks: false }),
  },
  {
    name: 'no-epochs',
    breaks: 'votes for whoever asks, by whatever configuration',
    noticedBy: { schedule: 'leftBehind' },
    options: withRules({ isHere: ({ mesh }, standing) => standing.mesh === mesh }),
  },
  {
    name: 'duplicate-votes',
    breaks: 'counts a vote each time it hears it',
    noticedBy: { micro: 128 },
    options: () => {
      let heard = 0;
      return {
        rules: {
          ...RULES,
          voteKey: (host) => {
            heard += 1;
            return voteKey(host, String(heard));
          },
          isQuorum: (config, votes) =>
            sidesOf(config).every((side) => {
              const hosts = hostsOf(side);
              const among = [...votes].filter((vote) => hosts.includes(vote.split(' ')[0] as HostId));
              return among.length > hosts.length / 2;
            }),
        },
      };
    },
  },
  {
    name: 'promise-not-durable',
    breaks: 'forgets in a crash what it promised, though not what it accepted',
    noticedBy: { micro: 3134 },
    options: () => ({
      disk: {
        ...SOUND_DISK,
        keeps: ({ key, value }, before) => {
          if (!key.startsWith('claim/register/') || value === undefined) return true;
          const { accepted } = value as Register;
          const known = before as Register | undefined;
          return accepted !== null && accepted.join() !== known?.accepted?.join();
        },
      },
    }),
  },
  {
    name: 'no-fence',
    breaks: 'tells a new epoch which addresses it has, and goes on voting in the one before',
    noticedBy: { schedule: 'toldLate' },
    options: withRules({
      isHere: (config, standing, about) =>
        RULES.isHere(config, standing, about) || (about === 'keys' && standing.mesh === config.mesh),
    }),
  },
  {
    name: 'eviction-forgotten',
    breaks: 'forgets by a restart which host it was asked to evict',
    noticedBy: { schedule: 'askedAlone' },
    options: () => ({ disk: { ...SOUND_DISK, keeps: ({ key }) => !key.startsWith('claim/evicting/') } }),
  },
];

function sidesOf({ voters, old }: Config): readonly Voters[] {
  return old === undefined ? [voters] : [voters, old];
}

function isHalf(side: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const hosts = hostsOf(side);
  const among = hosts.filter((host) => votes.has(voteKey(host, side[host] ?? '')));
  return among.length >= Math.max(1, Math.floor(hosts.length / 2));
}

function isMajorityOfHosts(side: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const hosts = hostsOf(side);
  return hosts.filter((host) => votes.has(voteKey(host, ''))).length > hosts.length / 2;
}

function hostIn({ voters, old }: Config, host: HostId): boolean {
  return voters[host] !== undefined || old?.[host] !== undefined;
}
