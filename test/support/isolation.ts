// What it means that keys are kept apart: whose each thing is that a request names, and which of them is the first that its key may not find.
import { type IdKind, idsOf, NEVER, type Pick as PickId, type TableRoute } from './route-requests.ts';

/** Something with a scope, what is of it, and the text of the key that opens it. */
export interface Owner {
  readonly name: string;
  readonly pod?: string;
  readonly inbox?: string;
  readonly ids: Partial<Readonly<Record<IdKind, string>>>;
  readonly text: string;
}

/** One id that a request names: whose it is. */
export interface Named {
  readonly kind: IdKind;
  readonly isInBody: boolean;
  readonly owner: Owner;
}

export const holds = (caller: Owner, { pod, inbox }: Owner): boolean =>
  caller.inbox === undefined ? caller.pod === undefined || caller.pod === pod : caller.inbox === inbox;

/** The first thing that is named out of its place; absent: there is none. */
export const firstWrong = (caller: Owner, all: readonly Named[]): Named | undefined =>
  all.find((_, at) => !isRight(caller, all.slice(0, at + 1)));

/** Whether what is named last lies within the key's scope, and within what the path has named before. */
function isRight(caller: Owner, all: readonly Named[]): boolean {
  const last = all.at(-1) as Named;
  const inPath = all.slice(0, -1).filter(({ isInBody }) => !isInBody);
  const pod = inPath.find(({ kind }) => kind === 'pod')?.owner.pod;
  const inbox = inPath.find(({ kind }) => kind === 'inbox')?.owner.inbox;
  if (!holds(caller, last.owner)) return false;
  return (pod === undefined || last.owner.pod === pod) && (inbox === undefined || last.owner.inbox === inbox);
}

/** Each way to name things of `other` in the place of one's own. */
export function* mixtures(route: TableRoute, own: Owner, other: Owner): Generator<readonly Named[]> {
  const ids = idsOf(route);
  for (let mask = 1; mask < 2 ** ids.length; mask += 1) {
    const all = ids.map(({ kind, isInBody }, at) => {
      const owner = (mask >> at) % 2 === 1 ? other : own;
      // A pod is above its inboxes.
      return { kind, isInBody, owner: kind === 'pod' ? podOf(owner) : owner };
    });
    if (all.every(({ kind, owner }) => owner.ids[kind] !== undefined)) yield all;
  }
}

const podOf = ({ pod }: Owner): Owner => ({
  ...{ name: `pod of ${pod}`, text: '' },
  ...(pod === undefined ? { ids: {} } : { pod, ids: { pod } }),
});

/** What is named as the request wants it, but `never` as what never was. */
export const picking =
  (
    named: readonly Named[],
    isInBody: boolean,
    never?: Named,
    nevers: Readonly<Record<IdKind, string>> = NEVER,
  ): PickId =>
  (kind) => {
    const one = named.find((candidate) => candidate.kind === kind && candidate.isInBody === isInBody) as Named;
    return one === never ? nevers[kind] : String(one.owner.ids[kind]);
  };

/** What a key can name of its own; of the organization's keys, what is of one inbox. */
export const homeOf = (owners: readonly Owner[], caller: Owner): Owner =>
  owners.find((one) => one.inbox !== undefined && holds(caller, one)) ?? caller;

/** All that a route names, of `home`. */
export const ownOf = (route: TableRoute, home: Owner): readonly Named[] =>
  idsOf(route).map((id) => ({ ...id, owner: id.kind === 'pod' ? podOf(home) : home }));

export const masked = (text: string, ids: readonly string[]): string =>
  ids.reduce((said, id) => said.replaceAll(id, 'ID').replaceAll(encodeURIComponent(id), 'ID'), text);
