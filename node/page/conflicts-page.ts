// Addresses that two hosts gave out: what each side has, by which rule one of them stands, and what an operator can decide.
import { z } from 'zod';
import { MeshError } from '../../mesh/errors.ts';
import type { ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { AddressConflict } from '../conflicts/conflict-records.ts';
import type { Conflicts, Double } from '../conflicts/conflicts.ts';
import { validate } from '../http/input.ts';
import { type Asker, posting, reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { action, facts, moment, pager } from './fragments.ts';
import type { View } from './frame.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup } from './markup.ts';

export interface ConflictPageServices {
  readonly conflicts: Pick<Conflicts, 'page' | 'resolve'>;
  readonly isLegacy: (id: HostId) => boolean;
  readonly parseAddress: ParseAddress;
  readonly hostId: () => HostId;
  readonly clock: Pick<Clock, 'wallMs'>;
}

const PATH = '/page/conflicts';
const KEEP_PATH = `${PATH}/keep`;
const decision = z.object({ address: z.string(), keep: z.enum(['mine', 'theirs']) });

export function conflictPages(door: PageDoor, services: ConflictPageServices): void {
  door.show(PATH, {
    section: 'conflicts',
    needs: () => reading('conflicts'),
    view: (c, asker) => conflictsView(services, asker, queryOf(c, 'cursor').cursor),
  });
  door.act(KEEP_PATH, {
    needs: () => posting('conflicts', 'address'),
    run: async (_, form) => {
      const { address, keep } = validate(decision, { address: form.get('address'), keep: form.get('keep') });
      const parsed = services.parseAddress(address);
      if (!parsed.valid) throw new MeshError('not_found', `This host has no conflict over '${address.slice(0, 320)}'.`);
      await services.conflicts.resolve(parsed.key, keep);
      return { to: PATH, said: keep === 'mine' ? 'keptMine' : 'keptTheirs' };
    },
  });
}

function conflictsView(services: ConflictPageServices, asker: Asker, cursor: string): View {
  const { conflicts: conceded, undecided, nextCursor } = services.conflicts.page({ cursor, limit: ROWS_MAX });
  const none =
    conceded.length + undecided.length > 0
      ? ''
      : markup`<p class="empty">No address of this host is claimed elsewhere. Were there one, it would stand here with both claims, for you to decide.</p>`;
  const body = markup`${none}
${conceded.map((conflict) => concededOf(conflict, services, asker))}
${undecided.map((double) => undecidedOf(double, services, asker))}
${pager(PATH, { cursor }, nextCursor)}`;
  return { title: 'Conflicts', body };
}

function concededOf(conflict: AddressConflict, { hostId, clock }: ConflictPageServices, asker: Asker): Markup {
  const { address, agentId, agentName, since, claimId, owner, foundAt } = conflict;
  const nowMs = clock.wallMs();
  return markup`<section class="conflict" aria-label="Conflict over ${address}"><h2>${address}</h2>
<p>The rule: the claim that the voters have stays, on every host. Found ${moment(foundAt, nowMs)}.</p>
<div class="sides">
<div><h3>Here, on ${hostId()}: conceded</h3>${facts([
    ['Agent', markup`<a href="/page/agents/${encodeURIComponent(agentId)}">${agentName}</a>`],
    ['Claimed', moment(since, nowMs)],
    ['Claim', claimId],
  ])}</div>
<div><h3>On ${owner.hostId}: stands</h3>${facts([
    ['Agent', owner.agentName],
    ['Claimed', moment(owner.since, nowMs)],
    ['Claim', owner.claimId],
  ])}</div>
</div>
<div class="actions" role="group" aria-label="Decide">
${keep(asker, address, 'theirs', `Keep it on ${owner.hostId}`)}${keep(asker, address, 'mine', 'Claim it here again')}
</div>
<p class="dim">It can be claimed here again once ${owner.hostId} has released it.</p></section>`;
}

function undecidedOf({ key, hostId: other }: Double, { hostId, isLegacy }: ConflictPageServices, asker: Asker): Markup {
  const why = isLegacy(other)
    ? `${other} serves only the look-up, so it must be taken back there by hand, or released here.`
    : `${other} goes by other voters, so no rule decides: release it there, or here.`;
  return markup`<section class="conflict" aria-label="Undecided: ${key}"><h2>${key}</h2>
<p>Undecided: both ${hostId()} and ${other} have it. ${why}</p>
<div class="actions" role="group" aria-label="Decide">${keep(asker, key, 'theirs', `Release it here, keep it on ${other}`)}</div></section>`;
}

function keep(asker: Asker, address: string, which: 'mine' | 'theirs', label: string): Markup {
  const needs = posting('conflicts', address);
  return action(asker, {
    to: KEEP_PATH,
    label,
    about: address,
    fields: { address, keep: which },
    needs,
    isGrave: which === 'theirs',
  });
}
