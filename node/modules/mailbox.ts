// Inboxes for agents, where they are wished for; elsewhere not a line of them is read.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import { MAILBOX_PATHS } from '../http/paths.ts';
import type { ElsewhereHost } from '../mailbox/org/addresses.ts';
import { openLookUps } from './email-index.ts';
import type { Module, Parts } from './module.ts';

/** Inboxes, with `--mailbox`; without it, their code is not even loaded. */
export async function openMailboxModule(parts: Parts): Promise<Module> {
  const { options, ports, registry, copies } = parts;
  const { mailbox: config } = options.config;
  const { mailboxDirectory: directory, store, clock, random, log } = ports;
  if (config === undefined || directory === undefined) return {};
  const { createMailbox } = await import('../mailbox/create-mailbox.ts');
  const roster = options.roster.current;
  const hostOf = (address: string): ElsewhereHost | undefined => {
    const key = anyAddressKey(address);
    const hostId = key === undefined ? undefined : copies.copy.ofAddress(key)[0]?.hostId;
    const host = hostId === undefined ? undefined : roster().get(hostId);
    return host === undefined ? undefined : { hostId: host.id, hostUrl: host.url };
  };
  const mailbox = await createMailbox({
    ...{ directory, hostId: roster().self.id, config, token: options.secrets.token?.reveal() },
    stopping: parts.stopping,
    ...{ registry, mail: registry.mail, hostOf, lookUp: openLookUps(parts).everybody, store, clock, random, log },
  });
  return {
    routes: (app) => {
      for (const path of MAILBOX_PATHS)
        for (const pattern of [path, `${path}/*`]) app.all(pattern, (c) => mailbox.answer(c.req.raw));
    },
    run: (signal) => mailbox.run(signal),
    close: () => mailbox.close(),
  };
}
