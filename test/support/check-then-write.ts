// What the specification asks for, as a mutant of the core: ask every host for the address, and if none has it, take it. Between the
// question and the taking another host does the same. In two forms: a host that is silent is taken for one that has nothing, or makes
// the claim fail.

import { step } from '../../mesh/claims/core.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Item, ItemAnswer } from '../../mesh/register/item.ts';
import { intentDone } from '../../mesh/state/claim-records.ts';
import type { CoreState } from '../../mesh/state/core-state.ts';
import type { Effect, Event } from '../../mesh/state/events.ts';
import { CLAIM_VERSION } from '../../mesh/state/messages.ts';

interface Asked {
  readonly operation: number;
  readonly kind: 'claim' | 'read';
  readonly missing: Set<HostId>;
}

const ASK_MS_MAX = 400;

export function checkThenWrite(whenSilent: 'goes on' | 'gives up'): typeof step {
  const asked = new WeakMap<CoreState, Map<number, Asked>>();
  const of = (state: CoreState) => {
    const known = asked.get(state) ?? new Map<number, Asked>();
    asked.set(state, known);
    return known;
  };
  return (state, event, nowMs, wallMs) => {
    switch (event.type) {
      case 'claim':
        return ask(state, of(state), event.operation, 'claim', event.claims[0]?.key as AddressKey);
      case 'read':
        return ask(state, of(state), event.operation, 'read', event.key);
      case 'release':
        return [
          { type: 'persist', writes: event.claims.map(({ claimId }) => intentDone(claimId)), after: [] },
          { type: 'finish', operation: event.operation, result: { kind: 'released' } },
        ];
      case 'received':
        return answer(state, event);
      case 'answered':
        return event.answer.kind === 'items' ? take(of(state), event.from, event.answer.items) : [];
      case 'operationOver':
        return end(of(state), event.operation, whenSilent);
      default:
        return step(state, event, nowMs, wallMs);
    }
  };
}

function ask(
  { membership, registry }: CoreState,
  asked: Map<number, Asked>,
  operation: number,
  kind: Asked['kind'],
  key: AddressKey,
): readonly Effect[] {
  const own = registry.holder(key);
  if (own !== undefined) return finish(asked, { operation, kind, missing: new Set() }, own);
  const others = membership.wish.members.filter((host) => host !== membership.self);
  asked.set(operation, { operation, kind, missing: new Set(others) });
  const items: readonly Item[] = [{ kind: 'prepare', key, n: operation, claiming: true }];
  return [
    ...others.map((to): Effect => ({ type: 'send', to, items })),
    { type: 'timer', afterMs: [ASK_MS_MAX, ASK_MS_MAX], event: { type: 'operationOver', operation } },
  ];
}

function answer({ membership, registry }: CoreState, event: Event & { type: 'received' }): readonly Effect[] {
  const items = event.message.items.map(({ key, n }): ItemAnswer => {
    const owner = registry.holder(key);
    return owner === undefined ? { kind: 'promise', n, accepted: null, value: null } : { kind: 'veto', n, owner };
  });
  const incarnation = membership.starts.own.data;
  return [
    { type: 'answer', token: event.token, answer: { version: CLAIM_VERSION, kind: 'items', incarnation, items } },
  ];
}

function take(asked: Map<number, Asked>, from: HostId, items: readonly ItemAnswer[]): readonly Effect[] {
  const out: Effect[] = [];
  for (const item of items) {
    const one = asked.get(item.n);
    if (one === undefined) continue;
    one.missing.delete(from);
    if (item.kind === 'veto') out.push(...finish(asked, one, item.owner));
    else if (one.missing.size === 0) out.push(...finish(asked, one, null));
  }
  return out;
}

function end(asked: Map<number, Asked>, operation: number, whenSilent: 'goes on' | 'gives up'): readonly Effect[] {
  const one = asked.get(operation);
  if (one === undefined) return [];
  if (whenSilent === 'goes on') return finish(asked, one, null);
  asked.delete(operation);
  const unavailable = { kind: 'unavailable', reason: 'no_majority', message: '', required: 0, reached: 0 } as const;
  return [{ type: 'finish', operation, result: { ...unavailable, hostsFailed: [...one.missing] } }];
}

function finish(asked: Map<number, Asked>, { operation, kind }: Asked, owner: Owner | null): readonly Effect[] {
  asked.delete(operation);
  if (kind === 'read') return [{ type: 'finish', operation, result: { kind: 'read', owner } }];
  const held = { kind: 'held', intentsDone: [] } as const;
  return [
    { type: 'finish', operation, result: owner === null ? held : { kind: 'conflict', key: '' as AddressKey, owner } },
  ];
}
