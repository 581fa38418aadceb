import { describe, expect, it } from 'vitest';
import { OctetBudget } from '../../../../node/peers/connections/octet-budget.ts';

describe('what large answers hold together', () => {
  it('is bounded, and given back', () => {
    const budget = new OctetBudget(100);
    const [one, other] = [budget.reserve(), budget.reserve()];
    one.add(60);
    other.add(40);
    expect(() => one.add(1)).toThrow(expect.objectContaining({ code: 'overloaded' }));
    other[Symbol.dispose]();
    one.add(40);
    one[Symbol.dispose]();
    other.add(100);
  });
});
