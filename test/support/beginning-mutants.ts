// Ways to begin a mesh of one's own beside that of others. The schedules must notice every one.
import type { Mutant } from './claim-mutants.ts';

const [OWN_MESH, MOVE] = ['mesh/membership/own-mesh.ts', 'mesh/membership/move.ts'];

export const BEGINNING_MUTANTS: readonly Mutant[] = [
  {
    name: 'keeps-own-mesh',
    breaks: 'goes on in an unused mesh of its own when its hosts.json lists others, heard or not',
    noticedBy: { schedule: 'listedLater' },
    sources: [{ file: OWN_MESH, from: '!listsOthers(membership) || !isUnused(state)', to: 'true' }],
  },
  {
    name: 'gives-up-what-it-gave',
    breaks: 'gives up a mesh of its own in which addresses were given out',
    noticedBy: { schedule: 'goesOnAlone' },
    sources: [{ file: OWN_MESH, from: '|| !isPristine(state) ', to: '' }],
  },
  {
    name: 'gives-up-what-it-told',
    breaks: 'gives up a mesh of its own that another host was told of',
    noticedBy: { schedule: 'toldBefore' },
    sources: [{ file: OWN_MESH, from: ' || floor !== null', to: '' }],
  },
  {
    name: 'begins-unheard',
    breaks: 'begins a mesh of its own before it has heard the hosts that its hosts.json lists without a vote',
    noticedBy: { schedule: 'lostItsDisk' },
    sources: [{ file: MOVE, from: '(!isAwaited || isHearingListed(membership, nowMs))', to: '!isAwaited' }],
  },
];
