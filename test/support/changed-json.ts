// JSON that is nearly what it should be, for readers that must not take it for that.
import type { Random } from '../../mesh/ports.ts';

/** A copy with a place written otherwise: a member replaced by one of `odd`, left out or added, an item repeated or taken away. */
export function changedJson(value: unknown, random: Random, odd: readonly unknown[]): unknown {
  if (random.next() < 0.15) return structuredClone(pick(random, odd));
  if (Array.isArray(value) && value.length > 0) {
    const at = Math.floor(random.next() * value.length);
    if (random.next() < 0.1) return [...value.slice(0, at), ...value.slice(at + 1)];
    if (random.next() < 0.05) return Array.from({ length: pick(random, [99, 100, 101]) }, () => value[at]);
    return value.map((one, place) => (place === at ? changedJson(one, random, odd) : one));
  }
  if (typeof value !== 'object' || value === null) return structuredClone(pick(random, odd));
  const members = Object.entries(value);
  const [name, member] = pick(random, members.length > 0 ? members : [['items', []] as [string, unknown]]);
  if (random.next() < 0.1) return Object.fromEntries(members.filter(([other]) => other !== name));
  if (random.next() < 0.1)
    return { ...value, [pick(random, ['more', 'kind', 'value', 'owner', 'n'])]: pick(random, odd) };
  return { ...value, [name]: changedJson(member, random, odd) };
}

function pick<One>(random: Random, list: readonly One[]): One {
  return list[Math.floor(random.next() * list.length)] as One;
}
