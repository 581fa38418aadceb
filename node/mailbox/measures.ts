// What is measured of the mailbox. A worker that is away stops no measure of the node: it is told that it is away.
import { MeshError } from '../../mesh/errors.ts';
import type { Figure } from '../metrics/measure.ts';
import type { Asks, IntakeQuestions } from './questions.ts';

/** `intake`: the worker that writes; `waiting`: how many requests wait for mail. */
export function mailboxFigures(
  intake: Asks<Pick<IntakeQuestions, 'measures'>>,
  waiting: () => number,
): readonly Figure[] {
  const measures = async () => {
    try {
      return await intake.ask('measures', null);
    } catch (error) {
      if (error instanceof MeshError) return undefined;
      throw error;
    }
  };
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
    {
      ...{ kind: 'counter', name: 'mesh_mailbox_receipts_total' },
      help: 'Mails that came into inboxes, by class: all but received are held back.',
      label: 'class',
      read: async () => (await measures())?.receipts ?? [],
    },
    {
      ...{ kind: 'counter', name: 'mesh_mailbox_work_total' },
      help: 'Work on mails that has ended: completed, or failed after its last attempt.',
      label: 'end',
      read: async () => (await measures())?.ended ?? [],
    },
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_leased' },
      help: 'Mails at which a worker is.',
      read: async () => (await measures())?.leased ?? Number.NaN,
    },
    {
      ...{ kind: 'gauge', name: 'mesh_mailbox_waiting' },
      help: 'Requests that wait for mail.',
      read: async () => waiting(),
    },
  ];
}
