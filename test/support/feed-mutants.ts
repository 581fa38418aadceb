// Ways to get the feeds wrong, each one place of the product written otherwise, which a thread of its own reads in the place of the source
// (changed-sources.ts). None of them is in the product. The simulation of feeds must notice every one.
import type { SourceChange } from './changed-sources.ts';
import type { FeedScheduleName } from './feed-schedules.ts';
import type { RelayScheduleName } from './relay-schedules.ts';

export interface FeedMutant {
  readonly name: string;
  /** What it does, in one line. */
  readonly breaks: string;
  readonly sources: readonly SourceChange[];
  /** A run that notices it, found by `npm run mutants`, or a schedule that was made by hand. */
  readonly noticedBy: { readonly feeds: number } | { readonly schedule: FeedScheduleName | RelayScheduleName };
  readonly checksThenWrites?: undefined;
  readonly simulation?: undefined;
}

const [FOLLOWER, SNAPSHOT] = ['mesh/feed/follower.ts', 'node/feed/snapshot-intake.ts'];
const [READER, ANNOUNCEMENT] = ['node/feed/snapshot-reader.ts', 'node/feed/announcement.ts'];
const INTAKE = 'node/feed/host-intake.ts';
const [RELAY_FOLLOWER, RELAYS] = ['node/feed/relay-follower.ts', 'node/feed/relays.ts'];
const [HOST_FOLLOWER, SERVER] = ['node/feed/host-follower.ts', 'node/feed/feed-server.ts'];

/** Bounds that the few changes of a simulated life reach, for every run of the feeds: nothing else is changed. */
export const SMALL_FEEDS: readonly SourceChange[] = [
  { file: 'mesh/feed/limits.ts', from: 'FEED_ITEMS_MAX = 500', to: 'FEED_ITEMS_MAX = 3' },
  { file: 'node/feed/announcement.ts', from: 'RESYNC_ENTRIES_PER_COMMIT = 500', to: 'RESYNC_ENTRIES_PER_COMMIT = 2' },
];

export const FEED_MUTANTS: readonly FeedMutant[] = [
  {
    name: 'cursor-apart',
    breaks: 'writes down how far it heard after what it heard, in a commit of its own',
    noticedBy: { feeds: 16 },
    sources: [
      {
        file: INTAKE,
        from: 'await changes.hear(heard, writes, apply);',
        to: 'await changes.hear(heard, writes.slice(0, -1), apply);\n    await changes.hear([], writes.slice(-1), () => undefined);',
      },
    ],
  },
  {
    name: 'chain-unchecked',
    breaks: 'takes entries whose chain is not the one that was signed',
    noticedBy: { feeds: 3 },
    sources: [{ file: FOLLOWER, from: 'if (head.chain !== chain)', to: 'if (chain === undefined)' }],
  },
  {
    name: 'digest-unchecked',
    breaks: 'takes addresses whose digest is not the one that was signed',
    noticedBy: { feeds: 21 },
    sources: [
      { file: FOLLOWER, from: 'if (head.digest !== digest)', to: 'if (digest === undefined)' },
      { file: READER, from: 'if (digest !== page.head.digest)', to: 'if (digest === undefined)' },
    ],
  },
  {
    name: 'head-unsigned',
    breaks: 'takes a statement that its host did not sign',
    noticedBy: { feeds: 28 },
    sources: [
      { file: FOLLOWER, from: 'if (!isGenuine(head))', to: 'if (isGenuine === undefined)' },
      { file: READER, from: '|| !isGenuine(page.head)', to: '|| isGenuine === undefined' },
    ],
  },
  {
    name: 'snapshot-untold',
    breaks: 'takes a snapshot in without telling what it changes',
    noticedBy: { feeds: 1 },
    sources: [
      {
        file: ANNOUNCEMENT,
        from: 'this.entries.push(...told.map(heard));',
        to: 'if (is === undefined) this.entries.push(...told.map(heard));',
      },
    ],
  },
  {
    name: 'snapshot-place-early',
    breaks: 'writes down the place of a snapshot with its first part',
    noticedBy: { feeds: 2 },
    sources: [
      {
        file: SNAPSHOT,
        from: "{ why: 'snapshot', hostId, logId, n, chain, at }",
        to: "{ why: 'snapshot', ...head }",
      },
    ],
  },
  {
    name: 'exchange-apart',
    breaks: 'gives an agent an address that another one still has in the copy',
    noticedBy: { schedule: 'handedOver' },
    sources: [
      {
        file: SNAPSHOT,
        from: 'await announcement.handOver(known, rows);\n    before.set(known.id, { ...known, rows });',
        to: '',
      },
    ],
  },
  {
    name: 'fork-taken',
    breaks: 'goes on with a log that was set back as if it were a new one',
    noticedBy: { feeds: 12 },
    sources: [
      {
        file: HOST_FOLLOWER,
        from: 'if (refusal !== undefined) return this.#refuse(refusal);',
        to: "if (refusal?.reason === 'forked') return this.#followAnew(signal);\n    if (refusal !== undefined) return this.#refuse(refusal);",
      },
    ],
  },
  {
    name: 'hole-told',
    breaks: 'answers with what is left of a log where entries were trimmed that were asked for',
    noticedBy: { feeds: 26 },
    sources: [
      {
        file: SERVER,
        from: 'const entries = await changes.own(question.after, FEED_ITEMS_MAX);',
        to: 'const entries = (await changes.own(question.after, FEED_ITEMS_MAX)) ?? (await changes.own(changes.ownHead.n, 1));',
      },
    ],
  },
  {
    name: 'goer-untold',
    breaks: 'forgets a host that is gone for good without telling of it',
    noticedBy: { feeds: 17 },
    sources: [
      {
        file: 'node/feed/departure.ts',
        from: 'await announcement.add(known, undefined);',
        to: '',
      },
    ],
  },
  {
    name: 'return-repeated',
    breaks: 'takes a log that is told as ended for what follows that end',
    noticedBy: { schedule: 'cameBack' },
    sources: [
      {
        file: HOST_FOLLOWER,
        from: "if (answer.kind !== 'gone' || !copies.hasLeft(hostId, answer.logId)) return answer;",
        to: "if (answer.kind !== 'gone' || copies !== undefined) return answer;",
      },
    ],
  },
  {
    name: 'fork-kept',
    breaks: 'goes on with a log though it is shown that others know it otherwise',
    noticedBy: { feeds: 12 },
    sources: [{ file: SERVER, from: 'await changes.renew();', to: '' }],
  },
  {
    name: 'told-too-early',
    breaks: 'tells of what is not on its disk yet',
    noticedBy: { feeds: 1 },
    sources: [
      {
        file: 'node/changes/stored-change-log.ts',
        from: 'get ownHead(): OwnHead {\n    return this.#durable;',
        to: 'get ownHead(): OwnHead {\n    return this.#given;',
      },
      {
        file: 'node/changes/stored-change-log.ts',
        from: 'const end = Math.min(this.#durable.n, after + limit);',
        to: 'const end = Math.min(this.#given.n, after + limit);',
      },
    ],
  },
  {
    name: 'relay-unsigned',
    breaks: 'takes from a relay what its origin did not sign',
    noticedBy: { schedule: 'forgedRun' },
    sources: [{ file: FOLLOWER, from: 'if (!isGenuine(head))', to: 'if (isGenuine === undefined)' }],
  },
  {
    name: 'relay-nothing-unsigned',
    breaks: 'takes from a relay that a host has nothing, though the host did not sign that',
    noticedBy: { schedule: 'forgedNothing' },
    sources: [{ file: INTAKE, from: ' || !this.#isGenuine(head)', to: '' }],
  },
  {
    name: 'relay-stranger',
    breaks: 'takes from a relay what an origin is said to have signed whose key is not known here',
    noticedBy: { schedule: 'strangersRun' },
    sources: [
      {
        file: INTAKE,
        from: 'return known !== undefined && isSignedBy(head, known);',
        to: 'return known === undefined || isSignedBy(head, known);',
      },
    ],
  },
  {
    name: 'relay-speaks-for-others',
    breaks: 'takes from a relay an entry that tells of the agent of another host',
    noticedBy: { schedule: 'foreignEntry' },
    sources: [{ file: FOLLOWER, from: ' || entry.agent.hostId !== hostId', to: '' }],
  },
  {
    name: 'relay-loss-unnoticed',
    breaks: 'does not hold what a relay told against where it says that the logs stand',
    noticedBy: { schedule: 'lostRun' },
    sources: [
      {
        file: RELAY_FOLLOWER,
        from: 'standpointsDigest(this.#told) === news.digest;',
        to: 'standpointsDigest([]) !== news.digest;',
      },
    ],
  },
  {
    name: 'relay-witness-unheard',
    breaks: 'lets one relay keep back what the other one knows',
    noticedBy: { schedule: 'keptBack' },
    sources: [{ file: RELAY_FOLLOWER, from: 'told !== undefined &&', to: 'told === undefined &&' }],
  },
  {
    name: 'relay-silence-kept',
    breaks: 'goes on with a relay that is silent',
    noticedBy: { schedule: 'silentRelay' },
    sources: [
      {
        file: RELAYS,
        from: 'else this.#silent.set(relay,',
        to: 'else this.#silent.delete(relay); if (silence === undefined) this.#silent.set(relay,',
      },
    ],
  },
  {
    name: 'relay-age-forgotten',
    breaks: 'takes what a relay knows to be as new as its answer',
    noticedBy: { schedule: 'lastWord' },
    sources: [
      {
        file: RELAY_FOLLOWER,
        from: 'relayee.confirm(clock.monotonicMs() - ageMs);',
        to: 'relayee.confirm(clock.monotonicMs());',
      },
    ],
  },
];
