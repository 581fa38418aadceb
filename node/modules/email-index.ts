// The email index as it is asked over HTTP: of this host, of the whole mesh, and as legacy peers need to see it.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { createLookUps, type LookUps } from '../../mesh/lookup/look-ups.ts';
import type { LookUpObserver } from '../http/lookup/look-up-observer.ts';
import { WideIndex } from '../http/lookup/wide-index.ts';
import type { EmailIndexServices } from '../http/routes/email-index.ts';
import type { Parts } from './module.ts';

/** `observer`: told of each look-up. */
export function openEmailIndex(parts: Parts, observer: LookUpObserver): EmailIndexServices {
  const { options, ports, mesh, index, copies, registry } = parts;
  const { clock } = ports;
  const { copy } = copies;
  const known = { copy, roster: options.roster.current, isLegacy: mesh.isLegacy, clock };
  return {
    ...{ index, clock, observer, parseAddress: parseAnyAddress },
    agents: (after, limit) => registry.table.page(after, limit),
    lookUps: openLookUps(parts),
    wide:
      options.config.indexScope === 'mesh'
        ? new WideIndex({ ...known, index, copyVersion: () => copy.version })
        : undefined,
    pending: (key) => registry.claims.pending(key),
  };
}

/** Whoever has look-ups of their own has questions under way of their own, so that neither keeps the other waiting. */
export function openLookUps({ options, ports, mesh, index, copies }: Parts): LookUps {
  const { transport, isLegacy, peers } = mesh;
  return createLookUps({
    ...{ copy: copies.copy, roster: options.roster.current, isLegacy, clock: ports.clock, transport },
    parseAddress: parseAnyAddress,
    local: (question) => index.answer(question),
    isDown: (id) => peers.presence.isDown(id),
  });
}
