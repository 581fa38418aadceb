// What three hosts did and what their listeners heard of it, held against each other: nothing lost, nothing invented, nothing out of order, and
// repeated at most what was in flight.

/** A change as it was told: the bytes of the webhook, parsed. */
export interface ToldEvent {
  readonly id: string;
  readonly sequence: number;
  readonly agent: { readonly id: string };
}

interface Hearing {
  /** Who listened, for people. */
  readonly name: string;
  readonly heard: readonly ToldEvent[];
  readonly repeatsMax: number;
}

export interface ChangeHistory {
  /** Events of each agent that its clients' answered requests are worth. */
  readonly expected: ReadonlyMap<string, number>;
  /** The hosts' own logs, one after the other. */
  readonly told: readonly ToldEvent[];
  readonly hearings: readonly Hearing[];
}

/** A sentence for each thing that is not as it must be. */
export function violationsOf({ expected, told, hearings }: ChangeHistory): readonly string[] {
  const owned = new Map(told.map((event) => [event.id, event]));
  return [...logViolations(expected, told), ...hearings.flatMap((hearing) => [...hearingViolations(owned, hearing)])];
}

function* logViolations(expected: ChangeHistory['expected'], told: readonly ToldEvent[]): Generator<string> {
  const counts = new Map<string, number>();
  for (const { agent, sequence } of told) {
    const next = (counts.get(agent.id) ?? 0) + 1;
    if (sequence !== next) yield `The log of ${agent.id}'s host has its event ${sequence} where ${next} comes next.`;
    counts.set(agent.id, next);
  }
  for (const [id, count] of expected)
    if (counts.get(id) !== count)
      yield `${id} was changed ${count} times, and its host's log tells of ${counts.get(id) ?? 0}.`;
}

function* hearingViolations(
  owned: ReadonlyMap<string, ToldEvent>,
  { name, heard, repeatsMax }: Hearing,
): Generator<string> {
  const first = new Map(heard.toReversed().map((event) => [event.id, event]));
  const lost = [...owned.keys()].filter((id) => !first.has(id));
  if (lost.length > 0)
    yield `${name}: ${lost.length} changes were lost, such as ${JSON.stringify(owned.get(lost[0] ?? ''))}.`;
  for (const event of first.values()) {
    const text = JSON.stringify(event);
    if (text !== JSON.stringify(owned.get(event.id))) yield `${name}: ${text} was invented.`;
  }
  const last = new Map<string, number>();
  const seen = new Set<string>();
  for (const { id, agent, sequence } of heard) {
    if (seen.has(id)) continue;
    seen.add(id);
    const before = last.get(agent.id) ?? 0;
    if (sequence <= before) yield `${name}: event ${sequence} of ${agent.id} came after its event ${before}.`;
    last.set(agent.id, Math.max(before, sequence));
  }
  const repeats = heard.length - first.size;
  if (repeats > repeatsMax)
    yield `${name}: ${repeats} changes were repeated, more than the ${repeatsMax} that were in flight.`;
}
