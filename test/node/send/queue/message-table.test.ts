import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../../mesh/names.ts';
import type { Message, MessageState } from '../../../../node/send/message.ts';
import { MessageTable } from '../../../../node/send/queue/message-table.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const AGENTS = ['a1', 'a2', 'a3'] as AgentId[];
const STATES: MessageState[] = ['queued', 'sending', 'deferred', 'sent', 'failed'];
const END = Number.POSITIVE_INFINITY;
const message = (number: number, agentId: AgentId | undefined, state: MessageState | undefined) =>
  ({ id: `m${number}`, number, agentId, state }) as Message;
const numbersOf = (messages: Iterable<Message>) => [...messages].map(({ number }) => number);

describe('the messages of a queue', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))(
    'are listed as a walk over all of them would, seed %i',
    (seed) => {
      const random = seededRandom(seed);
      const below = (count: number) => Math.floor(random.next() * count);
      const table = new MessageTable();
      const all = new Map<number, Message>();
      for (let step = 0, last = 0; step < 600; step += 1) {
        const isNew = all.size === 0 || below(3) === 0;
        const number = isNew ? last + 1 : ([...all.keys()][below(all.size)] ?? 1);
        last = Math.max(last, number);
        if (!isNew && below(6) === 0) {
          all.delete(number);
          table.delete(`m${number}`);
          continue;
        }
        // Most go on to the last states, as they do.
        const state = STATES[isNew ? 0 : Math.min(4, 1 + below(6))];
        const changed = message(number, all.get(number)?.agentId ?? AGENTS[below(3)], state);
        all.set(number, changed);
        table.set(changed);
        if (step % 10 > 0) continue;
        for (const agentId of [undefined, ...AGENTS])
          for (const wanted of [undefined, ...STATES]) {
            const before = below(2) === 0 ? END : below(last + 2);
            const walked = [...all.values()]
              .filter((one) => agentId === undefined || one.agentId === agentId)
              .filter((one) => wanted === undefined || one.state === wanted)
              .filter((one) => one.number < before)
              .sort((one, other) => other.number - one.number);
            expect([...table.newest({ agentId, state: wanted }, before)]).toEqual(walked);
          }
      }
      expect(numbersOf(table.values()).sort()).toEqual([...all.keys()].sort());
    },
  );

  it('are not walked for a page of a state that few are in', () => {
    let looks = 0;
    const counted = (number: number, state: MessageState): Message =>
      Object.defineProperty(message(number, AGENTS[0], undefined), 'state', {
        get: () => {
          looks += 1;
          return state;
        },
      });
    const table = new MessageTable(Array.from({ length: 10_000 }, (_, at) => counted(at + 1, 'sent')));
    table.set(counted(10_001, 'queued'));
    for (const agentId of [undefined, AGENTS[0]]) {
      looks = 0;
      expect(numbersOf(table.newest({ agentId, state: 'queued' }, END))).toEqual([10_001]);
      expect([...table.newest({ agentId, state: 'deferred' }, END)]).toEqual([]);
      expect(looks).toBeLessThan(10);
    }
  });

  it('that have all left a state leave little to walk there', () => {
    const table = new MessageTable(Array.from({ length: 10_000 }, (_, at) => message(at + 1, AGENTS[0], 'queued')));
    let looks = 0;
    for (let number = 1; number <= 10_000; number += 1) {
      const sent = message(number, AGENTS[0], undefined);
      table.set(
        Object.defineProperty(sent, 'state', {
          get: () => {
            looks += 1;
            return 'sent';
          },
        }),
      );
    }
    looks = 0;
    expect([...table.newest({ agentId: undefined, state: 'queued' }, END)]).toEqual([]);
    expect(looks).toBeLessThan(100);
  });
});
