// Mail that agents send, over accounts of the operator's.
import { validate } from '../http/input.ts';
import { sendRoutes } from '../http/routes/send-group.ts';
import { openSending } from '../send/send-module.ts';
import type { Module, Parts } from './module.ts';

export async function openSendModule({ options, ports, registry }: Parts): Promise<Module> {
  const { blobs, clock } = ports;
  const { table, mail } = registry;
  const sending = await openSending(options.send, {
    ...{ ...ports, validate },
    commitMail: (event) => mail.commitMail(event),
    agent: (id) => table.find(id),
    holder: (address) => table.holderOfText(address),
  });
  return {
    routes: (app) => sendRoutes(app, { sending, blobs, clock }),
    run: (signal) => sending.run(signal),
    close: () => sending.close(),
  };
}
