// Names of this machine, for tests whose subject is not how names are resolved.
import { lookup } from 'node:dns';
import { lookup as addressesOf } from 'node:dns/promises';
import type { PeerAddresses } from '../../node/peers/connections/peer-connector.ts';
import type { GuardOptions } from '../../node/webhooks/guard/guard.ts';

export const systemAddresses: PeerAddresses = { lookup, forget: () => undefined };

export const resolveBySystem: GuardOptions['resolve'] = (name) => addressesOf(name, { all: true });
