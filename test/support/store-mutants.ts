// Ways to lose what the store has acknowledged, each one place of the product written otherwise. None of them is in the product. The simulation
// of stores must notice every one.
import type { SourceChange } from './changed-sources.ts';

export interface StoreMutant {
  readonly name: string;
  /** What it does, in one line. */
  readonly breaks: string;
  readonly sources: readonly SourceChange[];
  /** A run that notices it, found by `npm run mutants`. */
  readonly noticedBy: { readonly stores: number };
  readonly checksThenWrites?: undefined;
  readonly simulation?: undefined;
}

const [WRITER, LOG] = ['node/store/commits/log-writer.ts', 'node/store/commits/commit-log.ts'];
const [CONTENT, FRAME] = ['node/store/commits/log-content.ts', 'node/store/commits/frame.ts'];
const [RECORDS, STORE] = ['node/store/durable-records.ts', 'node/store/disk-store.ts'];
const UNAPPLIED = 'node/store/unapplied-files.ts';

/** Bounds that a short life reaches, for every run of the stores: nothing else is changed. */
export const SMALL_STORES: readonly SourceChange[] = [
  { file: 'node/store/durable-records.ts', from: 'APPLIED_RECORDS_MAX = 2_000', to: 'APPLIED_RECORDS_MAX = 2' },
  { file: WRITER, from: 'WAITING_BYTES_MAX = 16 * 1_024 * 1_024', to: 'WAITING_BYTES_MAX = 4_000' },
];

const DURABLY = 'await this.#current.file.writeDurably(octets, this.#at);';
const NOTE = 'await files.note.writeFew(encodeNote(mark.group), 0);';
const APPLY =
  'for (const underWay of this.#unapplied.endedUntil(group))\n        for (const step of stepsOf(underWay.all())) await this.#store(step);';

export const STORE_MUTANTS: readonly StoreMutant[] = [
  {
    name: 'acknowledges-unsynced',
    breaks: 'acknowledges a group before it is synced',
    noticedBy: { stores: 52 },
    sources: [
      {
        file: WRITER,
        from: DURABLY,
        to: 'const { file } = this.#current;\n    await file.write(octets, this.#at);\n    void file.sync().catch(() => {});',
      },
    ],
  },
  {
    name: 'syncs-again',
    breaks: 'tries a sync again that has failed',
    noticedBy: { stores: 33 },
    sources: [
      {
        file: WRITER,
        from: DURABLY,
        to: 'const { file } = this.#current;\n    await file.writeDurably(octets, this.#at).catch(() => file.sync());',
      },
    ],
  },
  {
    name: 'notes-too-early',
    breaks: 'notes a group as acknowledged before it is durable',
    noticedBy: { stores: 9 },
    sources: [
      {
        file: WRITER,
        from: `${DURABLY}\n    ${NOTE}`,
        to: `${NOTE}\n    ${DURABLY}`,
      },
    ],
  },
  {
    name: 'turns-too-early',
    breaks: 'writes over a file that the database has not taken yet',
    noticedBy: { stores: 16 },
    sources: [
      {
        file: WRITER,
        from: 'await this.#caughtUp;\n    }\n  }',
        to: 'return this.#files.find((file) => file !== this.#current) ?? this.#current;\n    }\n  }',
      },
    ],
  },
  {
    name: 'other-file-forgotten',
    breaks: 'writes over what an earlier process left in the other file',
    noticedBy: { stores: 19 },
    sources: [{ file: WRITER, from: 'if (other !== current) other.fullWith = end;', to: 'void other;' }],
  },
  {
    name: 'closes-while-making',
    breaks: 'is closed while a file is being made, which later takes the place of one in use',
    noticedBy: { stores: 2 },
    sources: [
      { file: WRITER, from: 'await this.#making;\n    await closeLogFiles(', to: 'await closeLogFiles(' },
      {
        file: WRITER,
        from: 'async settle(): Promise<void> {\n    await this.#making;',
        to: 'async settle(): Promise<void> {',
      },
    ],
  },
  {
    name: 'making-failure-forgotten',
    breaks: 'goes on when a further file could not be made',
    noticedBy: { stores: 37 },
    sources: [{ file: WRITER, from: 'this.#unmade = { reason };', to: 'void reason;' }],
  },
  {
    name: 'stale-frames-taken',
    breaks: 'takes what an earlier use of the file left for new',
    noticedBy: { stores: 8 },
    sources: [{ file: CONTENT, from: 'if (frame.mark.group <= applied.group) continue;', to: '' }],
  },
  {
    name: 'torn-frame-taken',
    breaks: 'takes a frame whose checksum does not fit',
    noticedBy: { stores: 35 },
    sources: [{ file: FRAME, from: 'if (sum !== sumOf(octets.subarray(at, end), seed)) return undefined;', to: '' }],
  },
  {
    name: 'overwrites-groups',
    breaks: 'goes on behind the first group that an earlier process left, over all later ones',
    noticedBy: { stores: 9 },
    sources: [{ file: LOG, from: 'const last = places.at(-1);', to: 'const last = places.at(0);' }],
  },
  {
    name: 'left-not-synced',
    breaks: 'believes what a killed process left, though only the system has it',
    noticedBy: { stores: 62 },
    sources: [{ file: LOG, from: '  await file.sync();\n', to: '' }],
  },
  {
    name: 'left-not-rewritten',
    breaks: 'believes what is left of a failed sync by a second sync',
    noticedBy: { stores: 342 },
    sources: [
      {
        file: LOG,
        from: '  await file.write(read.subarray(last.at, last.end), last.at);\n',
        to: '',
      },
    ],
  },
  {
    name: 'begins-unmade',
    breaks: 'tells the database of a log whose files are not there yet',
    noticedBy: { stores: 1 },
    sources: [
      {
        file: LOG,
        from: 'const files = await makeLogFiles(this.#options, id);',
        to: 'await behind.noteLog({ id, applied: NO_MARK });\n    const files = await makeLogFiles(this.#options, id);',
      },
    ],
  },
  {
    name: 'writes-over-applied',
    breaks: 'begins in the file that has the group which the database has taken last',
    noticedBy: { stores: 9 },
    sources: [{ file: LOG, from: 'file: appliedIn === 0 ? 1 : 0', to: 'file: appliedIn ?? 0' }],
  },
  {
    name: 'applies-after-noting',
    breaks: 'says that the database has what it is about to get',
    noticedBy: { stores: 6 },
    sources: [
      {
        file: RECORDS,
        from: `${APPLY}\n      await this.noteLog(log);`,
        to: `await this.noteLog(log);\n      ${APPLY}`,
      },
    ],
  },
  {
    name: 'forgets-to-apply',
    breaks: 'uses a file again without the database having got anything',
    noticedBy: { stores: 1 },
    sources: [{ file: RECORDS, from: APPLY, to: '' }],
  },
  {
    name: 'takes-oldest-alone',
    breaks: 'says that the database has all files up to one, and gives it the oldest of them',
    noticedBy: { stores: 1 },
    sources: [
      {
        file: RECORDS,
        from: 'this.#unapplied.endedUntil(group))',
        to: 'this.#unapplied.endedUntil(group).slice(0, 1))',
      },
    ],
  },
  {
    name: 'forgets-waiting',
    breaks: 'forgets what is in later files once the database has the oldest one',
    noticedBy: { stores: 1 },
    sources: [{ file: UNAPPLIED, from: 'this.#ended.filter((file) => file.group > group)', to: '[]' }],
  },
  {
    name: 'removals-dropped',
    breaks: 'brings no removal into the database',
    noticedBy: { stores: 1 },
    sources: [
      {
        file: RECORDS,
        from: 'stepsOf(underWay.all())',
        to: 'stepsOf([...underWay.all()].filter(({ text }) => text !== undefined))',
      },
    ],
  },
  {
    name: 'reads-past-what-is-under-way',
    breaks: 'finds no key that is on its way into the database',
    noticedBy: { stores: 1 },
    sources: [
      {
        file: UNAPPLIED,
        from: 'this.#holders.get(key)?.find(key)',
        to: 'this.#newest.find(key)',
      },
    ],
  },
  {
    name: 'pages-past-what-is-under-way',
    breaks: 'lists no record that is on its way into the database',
    noticedBy: { stores: 1 },
    sources: [{ file: RECORDS, from: 'newer.reduceRight(', to: 'newer.slice(0, 1).reduceRight(' }],
  },
  {
    name: 'failure-forgotten',
    breaks: 'goes on when the database could not be brought up to date',
    noticedBy: { stores: 7 },
    sources: [{ file: RECORDS, from: '      this.#failed.resolve(error as Error);\n      throw error;\n', to: '' }],
  },
  {
    name: 'seen-before-durable',
    breaks: 'shows what is not durable yet, and may bring it into the database',
    noticedBy: { stores: 8 },
    sources: [
      {
        file: STORE,
        from: 'await this.#commitLog.append(records);\n    this.#records.add(records);',
        to: 'this.#records.add(records);\n    await this.#commitLog.append(records);',
      },
    ],
  },
];
