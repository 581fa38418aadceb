// `/api/conflicts`: addresses that this host conceded, those that another host has too, and an operator's decision about them.
import type { Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { ParseAddress } from '../../../mesh/lookup/index-entry.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { AddressConflict } from '../../conflicts/conflict-records.ts';
import type { Conflicts } from '../../conflicts/conflicts.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import { CONFLICTS_PATH } from '../paths.ts';

export interface ConflictServices {
  readonly conflicts: Pick<Conflicts, 'page' | 'resolve'>;
  readonly parseAddress: ParseAddress;
  /** Whether it serves only the look-up: then it knows nothing of the claim that stands here, and must be told by hand. */
  readonly isLegacy: (id: HostId) => boolean;
}

export const resolution = z.strictObject({ keep: z.enum(['mine', 'theirs']) });

export function conflictRoutes(app: Hono, { conflicts, parseAddress, isLegacy }: ConflictServices): void {
  resource(app, CONFLICTS_PATH, {
    GET: (c) => {
      const { conflicts: conceded, undecided, nextCursor } = conflicts.page(readPage(c));
      return c.json({
        conflicts: conceded.map(conflictForm),
        undecided: undecided.map(({ key, hostId }) => ({
          address: key,
          hostId,
          ...(isLegacy(hostId) ? { legacy: true } : {}),
        })),
        ...(nextCursor === undefined ? {} : { nextCursor }),
      });
    },
  });
  resource(app, `${CONFLICTS_PATH}/:address`, {
    POST: async (c) => {
      const { keep } = await readJson(c, resolution);
      const conflict = await conflicts.resolve(keyOf(parseAddress, pathSegment(c, 'address')), keep);
      return c.json({ ...(conflict === undefined ? {} : { conflict: conflictForm(conflict) }), kept: keep });
    },
  });
}

function keyOf(parseAddress: ParseAddress, text: string): AddressKey {
  const parsed = parseAddress(text);
  if (parsed.valid) return parsed.key;
  throw new MeshError('not_found', `This host has no conflict over '${text.slice(0, 320)}'.`);
}

function conflictForm({ address, agentId, agentName, claimId, since, owner, foundAt }: AddressConflict) {
  const claimedBy = {
    agentName: owner.agentName,
    hostId: owner.hostId,
    claimId: owner.claimId,
    since: owner.since,
  };
  // Always 'voters': the one rule by which this host concedes. It is in the answer, for clients read it.
  return { address, agentId, agentName, claimId, since, claimedBy, decidedBy: 'voters', foundAt };
}
