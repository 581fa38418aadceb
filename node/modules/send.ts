// Mail that agents send, over accounts of the operator's.
import { validate } from '../http/input.ts';
import { sendRoutes } from '../http/routes/send-group.ts';
import { timedMailer } from '../metrics/timed-ports.ts';
import { shipmentTimes } from '../metrics/times.ts';
import { openSending } from '../send/send-module.ts';
import type { Module, Parts } from './module.ts';

/** Sending by SMTP; without an account its routes answer, and refuse to send. Rejects with `store_failed`. */
export async function openSendModule({ options, ports, registry, mailHooks }: Parts): Promise<Module> {
  const { blobs, clock } = ports;
  const { table, mail, changes } = registry;
  const times = shipmentTimes();
  const sending = await openSending(options.send, {
    ...{ ...ports, validate },
    // Asked at each mail: the mailbox is opened after this.
    dkimFor: (domain) => mailHooks.dkimFor?.(domain),
    before: (mailer) => timedMailer(mailer, times),
    commitMail: (event) => mail.commitMail(event),
    redactMail: (from) => changes.redactMail(from),
    forgetting: ports.copied?.store,
    agent: (id) => table.find(id),
    holder: (address) => table.holderOfText(address),
  });
  return {
    routes: (app) => sendRoutes(app, { sending, blobs, clock }),
    measures: [
      times,
      {
        kind: 'gauge',
        name: 'mesh_messages',
        help: 'Messages that this host keeps, by their state.',
        label: 'state',
        read: () => sending.counts(),
      },
    ],
    shown: { sending },
    sending,
    run: (signal) => sending.run(signal),
    close: () => sending.close(),
  };
}
