// Inboxes for agents, where they are wished for; elsewhere not a line of them is read.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import type { HostId } from '../../mesh/names.ts';
import { MAILBOX_PATHS } from '../http/paths.ts';
import { isLoopback } from '../machine/this-machine.ts';
import type { ElsewhereHost } from '../mailbox/org/addresses.ts';
import { createGuard } from '../webhooks/guard/guard.ts';
import { openLookUps } from './email-index.ts';
import type { Module, Parts } from './module.ts';

/** Inboxes, with `--mailbox`; without it, their code is not even loaded. */
export async function openMailboxModule(parts: Parts, before: readonly Module[]): Promise<Module> {
  const { options, ports, registry, copies, mailHooks } = parts;
  const { mailbox: config } = options.config;
  const { mailboxDirectory: directory, store, freeBytes, clock, random, log } = ports;
  const { webhooks } = mailHooks;
  const sending = before.flatMap((module) => module.sending ?? [])[0];
  if (config === undefined || directory === undefined || sending === undefined) return {};
  if (webhooks === undefined) throw new Error('The webhooks are opened before the mailbox, which makes some.');
  const { createMailbox } = await import('../mailbox/create-mailbox.ts');
  const roster = options.roster.current;
  const conflicts = before.flatMap((module) => module.shown?.conflicts ?? [])[0];
  const hostsOf = (address: string): readonly ElsewhereHost[] => {
    const key = anyAddressKey(address);
    const ids = new Set(key === undefined ? [] : copies.copy.ofAddress(key).map(({ hostId }) => hostId));
    return [...ids].flatMap((id) => roster().get(id) ?? []).map(({ id, url }) => ({ hostId: id, hostUrl: url }));
  };
  const isContested = (address: string): boolean => {
    const key = anyAddressKey(address);
    return key !== undefined && conflicts?.has(key) === true;
  };
  const mailbox = await createMailbox({
    hostUrlOf: (hostId) => roster().get(hostId as HostId)?.url,
    ...{ directory, hostId: roster().self.id, config, token: options.secrets.token?.reveal() },
    stopping: parts.stopping,
    ...{ registry, mail: registry.mail, hostsOf, isContested, lookUp: openLookUps(parts).everybody, webhooks },
    ...{ sending, blobs: ports.blobs, ways: waysOut(parts), internalDomains: options.send.internalDomains },
    ...{ changes: registry.changes, store, freeBytes, clock, random, log },
  });
  mailHooks.dkimFor = mailbox.dkimFor;
  mailHooks.payloadOf = (eventId) => mailbox.read.ask('eventPayload', eventId);
  return {
    shown: { mailbox: mailbox.pages },
    measures: mailbox.measures,
    routes: (app) => {
      for (const path of MAILBOX_PATHS)
        for (const pattern of [path, `${path}/*`]) app.all(pattern, (c) => mailbox.answer(c.req.raw, c.env as object));
    },
    door: mailbox.sockets,
    cursorReader: mailbox.cursorReader,
    run: (signal) => mailbox.run(signal),
    close: () => mailbox.close(),
  };
}

/** The ways of the webhooks: what a client names is reached as they reach their receivers, or not at all. */
function waysOut({ options, ports }: Parts) {
  const { clock, resolveOutside: resolve, webhookTunnel: tunnel } = ports;
  const { listening, config } = options;
  const loopbackAllowed = isLoopback(listening().ip);
  const own = () => [{ address: listening().ip, port: listening().port }];
  const guard = createGuard({ clock, resolve, allow: config.webhookAllow, loopbackAllowed, listening: own });
  return { guard, clock, tunnel };
}
