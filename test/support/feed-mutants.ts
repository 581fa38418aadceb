// Ways to follow another host's log wrongly; none is in the product. The simulation of feeds must notice each.
import type { SourceChange } from './changed-sources.ts';

export interface FeedMutant {
  readonly name: string;
  /** What it does, in one line. */
  readonly breaks: string;
  readonly sources: readonly SourceChange[];
  /** A run that notices it. */
  readonly noticedBy: { readonly feeds: number };
  readonly checksThenWrites?: undefined;
  readonly simulation?: undefined;
}

const [FOLLOWER, INTAKE, LOG] = [
  'node/feed/host-follower.ts',
  'node/feed/snapshot-intake.ts',
  'node/changes/stored-change-log.ts',
];

export const FEED_MUTANTS: readonly FeedMutant[] = [
  {
    name: 'place-in-another-commit',
    breaks: 'writes what it heard, and only then how far it heard',
    noticedBy: { feeds: 2 },
    sources: [
      {
        file: FOLLOWER,
        from: 'await changes.hear(heard, writes, apply);',
        to: "await changes.hear(heard, writes.filter(({ key }) => !key.startsWith('feed/head/')), apply); await changes.hear([], writes, () => undefined);",
      },
    ],
  },
  {
    name: 'chain-unchecked',
    breaks: 'takes entries for the continuation of a log that is another one',
    noticedBy: { feeds: 4 },
    sources: [{ file: 'mesh/feed/follower.ts', from: 'if (head.chain !== chain)', to: 'if (false)' }],
  },
  {
    name: 'snapshot-untold',
    breaks: 'takes a snapshot in without telling what it changes',
    noticedBy: { feeds: 1 },
    sources: [
      {
        file: INTAKE,
        from: 'await changes.hear(entries, writes, apply);',
        to: 'await changes.hear([], writes, apply);',
      },
    ],
  },
  {
    name: 'snapshot-place-early',
    breaks: 'notes the place of a snapshot with its first part',
    noticedBy: { feeds: 1 },
    sources: [
      {
        file: INTAKE,
        from: 'await commit(undefined);\n  }\n  await commit(head);',
        to: 'await commit(head);\n  }\n  await commit(head);',
      },
    ],
  },
  {
    name: 'told-before-durable',
    breaks: 'tells its followers of entries that a power cut may still take',
    noticedBy: { feeds: 12 },
    sources: [
      {
        file: LOG,
        from: 'get ownHead(): OwnHead {\n    return this.#durable;',
        to: 'get ownHead(): OwnHead {\n    return this.#given;',
      },
      {
        file: LOG,
        from: 'const end = Math.min(this.#durable.n, after + limit);',
        to: 'const end = Math.min(this.#given.n, after + limit);',
      },
    ],
  },
  {
    name: 'log-kept',
    breaks: 'goes on with a log though it is shown that others know it otherwise',
    noticedBy: { feeds: 16 },
    sources: [{ file: 'node/feed/feed-server.ts', from: 'await changes.renew();', to: '' }],
  },
  {
    name: 'gone-untold',
    breaks: 'says nothing when a host is gone for good',
    noticedBy: { feeds: 4 },
    sources: [
      {
        file: 'node/feed/followers.ts',
        from: '!isMember(id)) await announceGone(this.#options, id);',
        to: 'isMember(id)) await announceGone(this.#options, id);',
      },
    ],
  },
];
