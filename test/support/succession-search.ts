// Random talk about which configuration follows: the voters and the movers are the product's own (membership/succession.ts), and what they say to
// each other comes late, twice, out of order or never. One seed, one talk. No time, no disks, nothing but this one decision, so that
// thousands of talks take a second.

import { createConfigProposal, hearVote, voteOnSuccession } from '../../mesh/membership/succession.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import {
  type Config,
  electorsOf,
  firstConfig,
  hostsOf,
  majorityOf,
  type Voters,
  voteKey,
} from '../../mesh/state/config.ts';
import { type ConfigProposal, type Membership, mayAdopt } from '../../mesh/state/membership.ts';
import { CLAIM_VERSION, type SuccessionAnswer, type SuccessionQuestion } from '../../mesh/state/messages.ts';
import { dataOf, membershipOf, wishOf } from './membership-of.ts';
import { seededRandom } from './seeded-random.ts';

interface TalkingHost {
  membership: Membership;
  highestBallot: number;
  proposal: ConfigProposal | undefined;
}

class Talk {
  readonly chosen: Config[] = [];
  readonly random: Random;
  readonly hosts = new Map<HostId, TalkingHost>();
  readonly #onTheWay: (() => void)[] = [];

  constructor(seed: number, memberships: readonly Membership[]) {
    this.random = seededRandom(seed);
    for (const membership of memberships)
      this.hosts.set(membership.self, { membership, highestBallot: 0, proposal: undefined });
  }

  host(id: HostId): TalkingHost {
    const host = this.hosts.get(id);
    if (host === undefined) throw new Error(`The talk has no host '${id}'.`);
    return host;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random.next() * items.length)] as Item;
  }

  /** A host tries to have `wanted` follow what it goes by. */
  propose(id: HostId, wanted: Config): void {
    const mover = this.host(id);
    mover.highestBallot += 1;
    mover.proposal = createConfigProposal(mover.membership.config, wanted, mover.highestBallot);
    this.#askAll(id, mover.proposal, { kind: 'prepare' });
  }

  /** Something that was said arrives, or never will, or does so and will again. */
  deliver(): void {
    const at = Math.floor(this.random.next() * this.#onTheWay.length);
    const arrive = this.#onTheWay[at];
    if (arrive === undefined) return;
    const fate = this.random.next();
    if (fate < 0.9) this.#onTheWay.splice(at, 1);
    if (fate > 0.15) arrive();
  }

  #askAll(
    from: HostId,
    proposal: ConfigProposal,
    what: { readonly kind: 'prepare' } | { readonly kind: 'accept'; readonly config: Config },
  ): void {
    const mover = this.host(from);
    const electors = proposal.from === undefined ? [] : electorsOf(proposal.from);
    const hosts = [...new Set([...electors, ...hostsOf(proposal.wanted.voters)])].sort();
    const question: SuccessionQuestion = {
      version: CLAIM_VERSION,
      mesh: proposal.from?.mesh ?? '',
      epoch: proposal.from?.epoch ?? 0,
      incarnation: mover.membership.starts.own.data,
      about: 'succession',
      n: proposal.n,
      hosts,
      ...what,
    };
    for (const to of hosts)
      this.#onTheWay.push(() => {
        const { membership } = this.host(to);
        const { self, starts, config, succession, wish } = membership;
        const pristine = config === undefined;
        const voter = { self, data: starts.own.data, config, succession, wished: wish.voters, pristine };
        const { answer, record } = voteOnSuccession(voter, from, question);
        if (record !== undefined) membership.succession = record;
        this.#onTheWay.push(() => {
          // A host that lost its disk meanwhile is not told what it asked before.
          if (this.host(from) === mover) this.#hear(from, proposal, to, answer);
        });
      });
  }

  #hear(id: HostId, proposal: ConfigProposal, from: HostId, answer: SuccessionAnswer): void {
    const mover = this.host(id);
    if (answer.kind === 'ahead') this.adopt(id, answer.config);
    // As in the product, where answers to an earlier attempt are given to the present one.
    if (mover.proposal === undefined || mover.proposal.from !== proposal.from) return;
    const progress = hearVote(mover.proposal, from, answer);
    if (progress.kind === 'accept')
      this.#askAll(id, mover.proposal, { kind: 'accept', config: mover.proposal.proposed });
    else if (progress.kind === 'outbid') {
      mover.highestBallot = Math.max(mover.highestBallot, progress.n);
      mover.proposal = undefined;
    } else if (progress.kind === 'chosen') {
      this.chosen.push(progress.config);
      mover.proposal = undefined;
      this.adopt(id, progress.config);
    } else if (progress.kind === 'stuck') mover.proposal = undefined;
  }

  /** What a host does with a configuration that it hears was chosen. */
  adopt(_id: HostId, _config: Config): void {}
}

const [cloud, desk, mac, mini] = ['cloud', 'desk', 'mac', 'mini'] as string[] as [HostId, HostId, HostId, HostId];
const THREE = [cloud, mac, mini];
const VOTERS = { cloud: dataOf('a'), mac: dataOf('b'), mini: dataOf('c') } as Voters;
const DESK = { desk: dataOf('d') } as Voters;

/**
 * Three voters in one epoch, each of which moves the mesh to something else, again and again, and never hears what was chosen.
 * Returns every configuration that somebody took for chosen.
 */
export function talkOfSuccessor(seed: number, steps: number): readonly Config[] {
  const from = firstConfig(VOTERS, THREE);
  const talk = new Talk(seed, [
    ...THREE.map((id) => membershipOf(id, VOTERS[id] ?? '', { config: from })),
    membershipOf(desk, DESK[desk] ?? '', { config: from }),
  ]);
  const { [cloud]: _, ...others } = VOTERS;
  const targets: Config[] = [
    { ...from, epoch: 2, voters: { ...others, ...DESK }, old: VOTERS },
    { ...from, epoch: 2, members: [...THREE, desk] },
    { ...from, epoch: 2, voters: others, old: VOTERS },
  ];
  for (let step = 0; step < steps; step += 1) {
    const mover = talk.pick(THREE);
    if (talk.random.next() < 0.06) talk.propose(mover, targets[THREE.indexOf(mover)] as Config);
    else talk.deliver();
  }
  return talk.chosen;
}

const LISTS = [['cloud', 'mac', 'mini'], ['cloud', 'mac'], ['mac', 'mini'], ['cloud', 'desk', 'mac', 'mini'], ['mac']];

/** Makes it hard for a first configuration: hosts.json is edited all the while, and empty disks are lost. */
class FirstTalk extends Talk {
  /** Who ever went by a configuration, by mesh. */
  readonly adopted = new Map<string, Set<string>>();

  override adopt(id: HostId, config: Config): void {
    const { membership } = this.host(id);
    if (membership.config?.mesh === config.mesh) return;
    if (!mayAdopt(membership, config, membership.config === undefined)) return;
    membership.config = config;
    membership.succession = undefined;
    this.host(id).proposal = undefined;
    const who = this.adopted.get(config.mesh) ?? new Set();
    this.adopted.set(config.mesh, who.add(voteKey(id, membership.starts.own.data)));
  }

  /** Configurations that a majority of their own voters goes by, or once went by. */
  inEffect(): readonly Config[] {
    const meshes = new Map(this.chosen.map((config) => [config.mesh, config]));
    return [...meshes.values()].filter(({ mesh, voters }) => {
      const by = hostsOf(voters).filter((host) => this.adopted.get(mesh)?.has(voteKey(host, voters[host] ?? '')));
      return by.length >= majorityOf(hostsOf(voters).length);
    });
  }
}

/** Hosts that form a mesh while their files change. Returns what was chosen, and which of it has an effect. */
export function talkOfFirst(
  seed: number,
  steps: number,
): { readonly chosen: readonly Config[]; readonly inEffect: readonly Config[] } {
  const hosts = [cloud, desk, mac, mini];
  let stores = 0;
  const born = () => {
    stores += 1;
    return stores.toString(16).padStart(32, '0');
  };
  const talk = new FirstTalk(
    seed,
    hosts.map((id) => membershipOf(id, born(), { wish: wishOf(['cloud', 'mac', 'mini']) })),
  );
  for (let step = 0; step < steps; step += 1) {
    const id = talk.pick(hosts);
    const host = talk.host(id);
    const { membership } = host;
    const chance = talk.random.next();
    if (chance < 0.06) {
      const voters = membership.wish.voters;
      const target = Object.fromEntries(voters.map((voter) => [voter, talk.host(voter).membership.starts.own.data]));
      if (membership.config === undefined && voters.includes(id))
        talk.propose(id, firstConfig(target as Voters, voters));
    } else if (chance < 0.1) {
      const wish = wishOf(talk.pick(LISTS));
      for (const other of hosts) if (other === id || talk.random.next() < 0.6) talk.host(other).membership.wish = wish;
    } else if (chance < 0.105) {
      talk.hosts.set(id, {
        membership: membershipOf(id, born(), { wish: membership.wish }),
        highestBallot: 0,
        proposal: undefined,
      });
    } else if (chance < 0.13) {
      const told = talk.host(talk.pick(hosts)).membership.config;
      if (told !== undefined) talk.adopt(id, told);
    } else talk.deliver();
  }
  return { chosen: talk.chosen, inEffect: talk.inEffect() };
}
