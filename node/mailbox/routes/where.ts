// Which host has an inbox: for a client that is to be given the right base URL, and for a gateway that is to bring mail there.
import { z } from 'zod';
import { MailboxError, wrongField } from '../errors.ts';
import { readParameters, textParameter } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import type { AddressBook } from '../org/addresses.ts';
import type { Standings } from '../org/standings.ts';

const parameters = z.strictObject({ address: textParameter });

export interface WhereServices {
  readonly standings: Pick<Standings, 'find'>;
  readonly addresses: Pick<AddressBook, 'idOf'>;
  readonly hostId: string;
  readonly hostUrlOf: (hostId: string) => string | undefined;
}

export function whereRoutes(routes: Routes, { standings, addresses, hostId, hostUrlOf }: WhereServices): void {
  routes.add('GET', '/api/mailbox/where', 'organization_key', async (c) => {
    const { address: text = '' } = readParameters(c, parameters);
    const address = addresses.idOf(text);
    if (address === undefined)
      throw wrongField('address', 'must be an email address, ?address=support@agents.example.com');
    const standing = await standings.find({ addresses: [address], isServed: true });
    switch (standing.kind) {
      case 'held':
      case 'foreign':
      case 'disabled':
        return c.json({ address, host_id: hostId, host_url: hostUrlOf(hostId) });
      case 'elsewhere':
        return c.json({ address, host_id: standing.hostId, host_url: hostUrlOf(standing.hostId) });
      case 'conflicted':
        throw new MailboxError('conflict', `Two hosts have ${address}.`, {
          fix: 'An operator decides whose it is: `npx mesh conflicts` on one of them.',
        });
      case 'unknown':
        throw new MailboxError(
          'service_unavailable',
          `Not every host answered, so nobody can say now who has ${address}.`,
        );
      case 'nobodys':
        throw new MailboxError('not_found', `No host of the mesh has ${address}.`);
    }
  });
}
