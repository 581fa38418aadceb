import { describe, expect, it } from 'vitest';
import { allows, deniedLabels, excessOf, PERMISSIONS, withinBoth } from '../../../node/mailbox/permission.ts';

describe('the permissions of a key', () => {
  it('are 38', () => {
    expect(new Set(PERMISSIONS).size).toBe(38);
  });

  it('are all where there are none, and those that are true where there are some', () => {
    expect(allows(undefined, 'inbox_read')).toBe(true);
    expect(allows({}, 'inbox_read')).toBe(false);
    expect(allows({ inbox_read: false }, 'inbox_read')).toBe(false);
    expect(allows({ inbox_read: true }, 'inbox_read')).toBe(true);
    expect(allows({ inbox_read: true }, 'inbox_create')).toBe(false);
  });

  it.each([
    { child: undefined, parent: undefined, excess: undefined },
    { child: { pod_read: true }, parent: undefined, excess: undefined },
    { child: undefined, parent: {}, excess: 'all' },
    { child: {}, parent: {}, excess: undefined },
    { child: { pod_read: false }, parent: {}, excess: undefined },
    { child: { pod_read: true }, parent: { pod_read: false }, excess: 'pod_read' },
    { child: { pod_read: true }, parent: { pod_read: true, inbox_read: true }, excess: undefined },
  ] as const)('of $child exceed those of $parent by $excess', ({ child, parent, excess }) => {
    expect(excessOf(child, parent)).toBe(excess);
  });

  it.each([
    { given: undefined, other: undefined, both: undefined },
    { given: { pod_read: true }, other: undefined, both: { pod_read: true } },
    { given: undefined, other: { pod_read: true }, both: { pod_read: true } },
    {
      given: { pod_read: true, inbox_read: true },
      other: { inbox_read: true },
      both: { pod_read: false, inbox_read: true },
    },
    { given: { pod_read: false }, other: { pod_read: true }, both: { pod_read: false } },
  ] as const)('of $given within those of $other are $both', ({ given, other, both }) => {
    expect(withinBoth(given, other)).toEqual(both);
  });

  it('hide what has a label that they do not name', () => {
    expect(deniedLabels(undefined)).toEqual([]);
    expect(deniedLabels({ label_spam_read: true })).toEqual(['blocked', 'unauthenticated', 'trash']);
  });
});
