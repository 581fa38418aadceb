// The email index as it is asked over HTTP: of this host, of the whole mesh, and as legacy peers need to see it.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { createLookUps } from '../../mesh/lookup/look-ups.ts';
import type { LookUpObserver } from '../http/look-up-observer.ts';
import type { EmailIndexServices } from '../http/routes/email-index.ts';
import { WideIndex } from '../http/wide-index.ts';
import type { Parts } from './module.ts';

/** `observer`: told of each look-up. */
export function openEmailIndex(
  { options, ports, mesh, index, copies, registry }: Parts,
  observer: LookUpObserver,
): EmailIndexServices {
  const { clock } = ports;
  const { transport, isLegacy } = mesh;
  const { presence } = mesh.peers;
  const { copy } = copies;
  const known = { copy, roster: options.roster.current, isLegacy, clock };
  return {
    ...{ index, clock, observer, parseAddress: parseAnyAddress },
    agents: (after, limit) => registry.table.page(after, limit),
    lookUps: createLookUps({
      ...{ ...known, transport, parseAddress: parseAnyAddress },
      local: (question) => index.answer(question),
      isDown: (id) => presence.isDown(id),
    }),
    wide:
      options.config.indexScope === 'mesh'
        ? new WideIndex({ ...known, index, copyVersion: () => copy.version })
        : undefined,
    pending: (key) => registry.claims.pending(key),
  };
}
