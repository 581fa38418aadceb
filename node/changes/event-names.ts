// The events that somebody asks for, by their names.
import { MeshError } from '../../mesh/errors.ts';
import { CHANGE_EVENTS, type ChangeEvent } from './change-log.ts';

/** Known events, each once, in the order the specification lists them. Throws `unknown_event` that lists the known ones. */
export function parseEvents(events: readonly string[]): ChangeEvent[] {
  for (const [at, event] of events.entries()) {
    if (CHANGE_EVENTS.some((known) => known === event)) continue;
    throw new MeshError(
      'unknown_event',
      `'${event.slice(0, 100)}' is not an event of this node. Its events are: ${CHANGE_EVENTS.join(', ')}.`,
      { field: `events[${at}]`, extra: { known: CHANGE_EVENTS } },
    );
  }
  return CHANGE_EVENTS.filter((known) => events.includes(known));
}
