// `/api/conflicts`: addresses that this host gave way on, those that another host has too, and an operator's decision about them.
import type { Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { AddressConflict } from '../../conflicts/conflict.ts';
import type { Conflicts, Double } from '../../conflicts/conflicts.ts';
import type { ParseAddress } from '../../registry/wanted-addresses.ts';
import { pathSegment, readJson } from '../input.ts';
import { joinInTurns, LongLists } from '../long-list.ts';
import { resource } from '../methods.ts';
import { CONFLICTS_PATH } from '../paths.ts';

export interface ConflictServices {
  readonly conflicts: Pick<Conflicts, 'list' | 'doubles' | 'resolve'>;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  /** Whether it serves only the look-up: then it knows nothing of the claim that stands here, and must be told by hand. */
  readonly isLegacy: (id: HostId) => boolean;
}

const resolution = z.strictObject({ keep: z.enum(['mine', 'theirs']) });

export function conflictRoutes(app: Hono, { conflicts, parseAddress, clock, isLegacy }: ConflictServices): void {
  const lists = new LongLists();
  const doubleForm = ({ key, hostId }: Double) => ({
    address: key,
    hostId,
    ...(isLegacy(hostId) ? { legacy: true } : {}),
  });
  resource(app, CONFLICTS_PATH, {
    GET: async (c) => {
      const body = await lists.make(async () => {
        const decided = await joinInTurns(conflicts.list(), clock, (conflict) =>
          JSON.stringify(conflictForm(conflict)),
        );
        const undecided = await joinInTurns(conflicts.doubles(), clock, (double) => JSON.stringify(doubleForm(double)));
        const texts = [Buffer.from('{"conflicts":['), decided, Buffer.from('],"undecided":['), undecided];
        return Buffer.concat([...texts, Buffer.from(']}')]);
      });
      return c.body(body, 200, { 'Content-Type': 'application/json' });
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
  // The one rule by which this host gives way: whose claim the voters have.
  return { address, agentId, agentName, claimId, since, claimedBy, decidedBy: 'voters', foundAt };
}
