// What is measured of the mailbox. A worker that is away stops no measure of the node: it is told that it is away.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Figure } from '../metrics/measure.ts';
import type { Stats } from './metric.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from './questions.ts';

/** Milliseconds for which what waits is counted once: a million mails take some tens of milliseconds. */
const COUNTED_MS = 10_000;

export interface MeasuredMailbox {
  readonly intake: Asks<Pick<IntakeQuestions, 'measures'>>;
  readonly query: Asks<Pick<QueryQuestions, 'waitingMails' | 'draftCounts'>>;
  /** How many requests wait for mail. */
  readonly waiting: () => number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

export function mailboxFigures({ intake, query, waiting, clock }: MeasuredMailbox): readonly Figure[] {
  const measures = () => orAway(() => intake.ask('measures', null));
  const waitingMails = countedSeldom(clock, () => query.ask('waitingMails', null));
  const draftCounts = countedSeldom(clock, () => query.ask('draftCounts', null));
  return [
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_up' },
      help: 'Whether the worker that takes mail into inboxes answers.',
      read: async () => ((await measures()) === undefined ? 0 : 1),
    },
    {
      ...{ kind: 'gauge', name: 'mesh_inboxes' },
      help: 'Inboxes of this host.',
      read: async () => (await measures())?.inboxes ?? Number.NaN,
    },
    ...countedFigures(measures),
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_leased' },
      help: 'Mails at which a worker is.',
      read: async () => (await measures())?.leased ?? Number.NaN,
    },
    ...waitingFigures(waitingMails),
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_drafts' },
      help: 'Drafts by state: open (nobody has said when they go, or approved them), scheduled, sending, failed.',
      label: 'state',
      read: async () => Object.entries((await draftCounts()) ?? {}),
    },
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_waiting' },
      help: 'Requests that wait for mail.',
      read: async () => waiting(),
    },
  ];
}

type Measures = ReturnType<IntakeQuestions['measures']>;

function countedFigures(measures: () => Promise<Measures | undefined>): readonly Figure[] {
  return [
    {
      ...{ kind: 'counter', name: 'mesh_mailbox_receipts_total' },
      help: 'Mails that came into inboxes from outside of the node, by class: all but received are held back.',
      label: 'class',
      read: async () => (await measures())?.receipts ?? [],
    },
    {
      ...{ kind: 'counter', name: 'mesh_mailbox_outcomes_total' },
      help: 'What was told of mails that inboxes have sent: sent, delivered, bounced, complained, rejected.',
      label: 'outcome',
      read: async () => (await measures())?.outcomes ?? [],
    },
    {
      ...{ kind: 'counter', name: 'mesh_mailbox_work_total' },
      help: 'Work on mails that has ended: completed, or failed after its last attempt.',
      label: 'end',
      read: async () => (await measures())?.ended ?? [],
    },
  ];
}

function waitingFigures(waitingMails: () => Promise<WaitingMails | undefined>): readonly Figure[] {
  return [
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_unread' },
      help: 'Mails that are unread, but for those in quarantine and in the trash.',
      read: async () => (await waitingMails())?.unread ?? Number.NaN,
    },
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_queue_depth' },
      help: 'Unread mails at which no worker is, and that none has given up.',
      read: async () => (await waitingMails())?.queueDepth ?? Number.NaN,
    },
  ];
}

/** Asks at most every while, however many figures are made of it. */
function countedSeldom<Counts>(clock: MeasuredMailbox['clock'], count: () => Promise<Counts>) {
  let counted: { readonly counts: Promise<Counts | undefined>; readonly atMs: number } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (counted === undefined || nowMs - counted.atMs >= COUNTED_MS) counted = { counts: orAway(count), atMs: nowMs };
    return counted.counts;
  };
}

type WaitingMails = Pick<Stats, 'unread' | 'queueDepth'>;

async function orAway<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MeshError) return undefined;
    throw error;
  }
}
