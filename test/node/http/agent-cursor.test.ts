// Where a list of agents goes on, and the order that it is in.
import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { cursorBehind, readAgentCursor } from '../../../node/http/agent-cursor.ts';
import { type AgentAge, compareAge } from '../../../node/registry/agent-age.ts';

const age = (createdAt: string, id: string): AgentAge => ({ createdAt, id: id as AgentId });
const AT = '2026-01-27T12:00:00.000Z';

describe('the cursor of a list of agents', () => {
  it.each(['a1', 'A-1', '018f6f2e-7b2a-7c3d-9e4f-0123456789ab'])('leads behind the agent %s', (id) => {
    expect(readAgentCursor(cursorBehind(age(AT, id)))).toEqual(age(AT, id));
  });

  it('is absent at the beginning', () => {
    expect(readAgentCursor(undefined)).toBeUndefined();
  });

  it.each(['', 'a1', `${AT},`, `,a1`, `${AT} a1`, 'yesterday,a1', `${AT},no id`, `2026-01-27,a1`])(
    "is not '%s'",
    (cursor) => {
      expect(() => readAgentCursor(cursor)).toThrowError(
        expect.objectContaining({ code: 'invalid_request', field: 'cursor' }),
      );
    },
  );
});

describe('the order of agents', () => {
  it('is by when they were made, then by their ids, and the same from every beginning', () => {
    const sorted = [age('2026-01-26T12:00:00.000Z', 'z'), age(AT, 'a'), age(AT, 'a1'), age(AT, 'b')];
    expect([...sorted].reverse().sort(compareAge)).toEqual(sorted);
    expect(sorted.map((one) => compareAge(one, one))).toEqual([0, 0, 0, 0]);
  });
});
