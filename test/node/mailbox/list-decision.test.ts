import { describe, expect, it } from 'vitest';
import { keptOutBy, type ListsOfScope } from '../../../node/mailbox/list-decision.ts';
import { entryKeysFor, entryNameOf, type ListScope } from '../../../node/mailbox/list-entry.ts';

const INBOX: ListScope = { kind: 'inbox', inboxId: 'a@x.com' };
const POD: ListScope = { kind: 'pod', podId: 'p' };
const ORGANIZATION: ListScope = { kind: 'organization' };

/** The lists of a scope, `+` allowed and `-` blocked, as they stand to jane@mail.y.com. */
function lists(scope: ListScope, ...entries: readonly string[]): ListsOfScope {
  const keys = entryKeysFor('jane@mail.y.com');
  const all = entries.map(
    (text) => ({ listType: text.startsWith('+') ? 'allow' : 'block', entry: text.slice(1) }) as const,
  );
  const fitting = all.flatMap(({ listType, entry }) =>
    keys.includes(entry) ? [{ listType, entry, distance: keys.indexOf(entry), isReadOnly: false }] : [],
  );
  return { scope, hasAllowed: all.some(({ listType }) => listType === 'allow'), fitting };
}

/** In words: `in`, or the scope and the entry that keeps out, or the scope alone whose allowed ones do not name it. */
function decided(scopes: readonly ListsOfScope[], isAuthenticated = true): string {
  const by = keptOutBy(scopes, isAuthenticated);
  if (by === undefined) return 'in';
  return by.why === 'blocked' ? `${by.scope.kind} ${by.entry}` : by.scope.kind;
}

describe('what lists say of jane@mail.y.com', () => {
  it.each([
    ['nothing', [], 'in'],
    ['others blocked', [lists(INBOX, '-eve@y.com', '-z.com')], 'in'],
    ['herself blocked', [lists(INBOX, '-jane@mail.y.com')], 'inbox jane@mail.y.com'],
    ['her domain blocked', [lists(INBOX, '-mail.y.com')], 'inbox mail.y.com'],
    ['the domain above blocked', [lists(INBOX, '-y.com')], 'inbox y.com'],
    ['herself allowed', [lists(INBOX, '+jane@mail.y.com')], 'in'],
    ['her domain allowed', [lists(INBOX, '+mail.y.com')], 'in'],
    ['the domain above allowed, which is not hers', [lists(INBOX, '+y.com')], 'inbox'],
    ['others allowed', [lists(INBOX, '+bob@z.com')], 'inbox'],
    ['both, her address', [lists(INBOX, '+jane@mail.y.com', '-jane@mail.y.com')], 'inbox jane@mail.y.com'],
    ['her address before her domain', [lists(INBOX, '+jane@mail.y.com', '-mail.y.com')], 'in'],
    [
      'her address before her domain, the other way',
      [lists(INBOX, '-jane@mail.y.com', '+mail.y.com')],
      'inbox jane@mail.y.com',
    ],
    ['her domain before the one above', [lists(INBOX, '+mail.y.com', '-y.com')], 'in'],
    ['the narrower scope first', [lists(INBOX, '+mail.y.com'), lists(ORGANIZATION, '-jane@mail.y.com')], 'in'],
    ['the narrower scope first, blocked', [lists(INBOX, '-y.com'), lists(POD, '+jane@mail.y.com')], 'inbox y.com'],
    [
      'the pod before the organization',
      [lists(POD, '-mail.y.com'), lists(ORGANIZATION, '+mail.y.com')],
      'pod mail.y.com',
    ],
    [
      'a wider scope where the narrower says nothing of her',
      [lists(INBOX, '+z.com'), lists(ORGANIZATION, '+mail.y.com')],
      'in',
    ],
    ['nobody names her, and one scope is strict', [lists(INBOX), lists(ORGANIZATION, '+z.com')], 'organization'],
  ] as const)('%s', (_, scopes, expected) => {
    expect(decided(scopes)).toBe(expected);
  });

  it('is not allowed by anything when nobody knows that it is she', () => {
    expect(decided([lists(INBOX, '+jane@mail.y.com')], false)).toBe('inbox');
    expect(decided([lists(INBOX, '+mail.y.com'), lists(ORGANIZATION, '-mail.y.com')], false)).toBe(
      'organization mail.y.com',
    );
    expect(decided([lists(INBOX, '-z.com')], false)).toBe('in');
  });
});

describe('an entry', () => {
  it.each([
    ['Jane@Y.com', { entry: 'jane@y.com', entryType: 'email', key: 'jane@y.com' }],
    [' Y.COM ', { entry: 'y.com', entryType: 'domain', key: 'y.com' }],
    ['BÜCHER.example', { entry: 'bücher.example', entryType: 'domain', key: 'xn--bcher-kva.example' }],
    ['xn--bcher-kva.example', { entry: 'bücher.example', entryType: 'domain', key: 'xn--bcher-kva.example' }],
    [
      'jane@xn--bcher-kva.example',
      { entry: 'jane@bücher.example', entryType: 'email', key: 'jane@xn--bcher-kva.example' },
    ],
    ['jane+news@y.com', { entry: 'jane+news@y.com', entryType: 'email', key: 'jane+news@y.com' }],
  ])('%s', (text, name) => {
    expect(entryNameOf(text)).toEqual(name);
  });

  it.each(['', '@', '@y.com', 'jane@', 'y..com', 'a b', '[192.0.2.1]', 'Jane <jane@y.com>'])(
    'can not be %j',
    (text) => {
      expect(entryNameOf(text)).toEqual({ fault: expect.stringMatching(/[^.]$/) });
    },
  );

  it('fits its own address, whatever the case, and its domain and those above', () => {
    expect(entryKeysFor('Jane@Mail.BÜCHER.example')).toEqual([
      ...['jane@mail.xn--bcher-kva.example', 'mail.xn--bcher-kva.example', 'xn--bcher-kva.example', 'example'],
    ]);
    expect(entryKeysFor('jane@[192.0.2.1]')).toEqual(['jane@[192.0.2.1]']);
    expect(entryKeysFor('nobody')).toEqual([]);
  });
});
