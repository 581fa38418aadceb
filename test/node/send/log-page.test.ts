import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { type LogQuery, pageOf } from '../../../node/send/log-page.ts';
import type { Message } from '../../../node/send/message.ts';
import { MessageTable } from '../../../node/send/queue/message-table.ts';

const [A1, A2] = ['a1', 'a2'] as string[] as [AgentId, AgentId];

/** Oldest first: 1 to 6, of two agents in turn; every third failed. */
const MESSAGES = [1, 2, 3, 4, 5, 6].map(
  (number) =>
    ({
      id: String(number),
      number,
      agentId: number % 2 === 1 ? A1 : A2,
      state: number % 3 === 0 ? 'failed' : 'sent',
    }) as Message,
);

function read(query: Partial<LogQuery> = {}) {
  const { messages, ...rest } = pageOf((wanted, before) => new MessageTable(MESSAGES).newest(wanted, before), {
    agentId: undefined,
    limit: 10,
    ...query,
  });
  return [messages.map(({ number }) => number), rest];
}

describe('a page of the log', () => {
  it.each([
    ['everything, the newest first', {}, [6, 5, 4, 3, 2, 1]],
    ['one agent', { agentId: A1 }, [5, 3, 1]],
    ['one state', { state: 'failed' }, [6, 3]],
    ['one agent in one state', { agentId: A1, state: 'sent' }, [5, 1]],
    ['what is before the cursor', { cursor: '3' }, [2, 1]],
    ['nothing before the first', { cursor: '1' }, []],
    ['exactly as many as fit', { limit: 6 }, [6, 5, 4, 3, 2, 1]],
  ] as [string, Partial<LogQuery>, number[]][])('shows %s', (_, query, numbers) => {
    expect(read(query)).toEqual([numbers, {}]);
  });

  it.each([
    [{ limit: 2 }, [6, 5], '5'],
    [{ limit: 2, cursor: '5' }, [4, 3], '3'],
    [{ limit: 1, agentId: A2 }, [6], '6'],
    [{ limit: 1, state: 'failed' }, [6], '6'],
  ] as [Partial<LogQuery>, number[], string][])(
    'names the next one where more is left: %j',
    (query, numbers, nextCursor) => {
      expect(read(query)).toEqual([numbers, { nextCursor }]);
    },
  );

  it('names no next one where only what was not asked for is left', () => {
    expect(read({ limit: 2, state: 'failed' })).toEqual([[6, 3], {}]);
  });

  it.each(['x', '', ' ', '0x10', '-1', '1e3'])('refuses a cursor that is none of its own: %j', (cursor) => {
    expect(() => read({ cursor })).toThrow(expect.objectContaining({ code: 'invalid_request', field: 'cursor' }));
  });
});
