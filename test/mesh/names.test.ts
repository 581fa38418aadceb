import { describe, expect, it } from 'vitest';
import { isPrototypeName, parseAgentId, parseHostId } from '../../mesh/names.ts';

describe('a name that every object answers to', () => {
  it.each(['__proto__', 'constructor', 'Constructor', 'hasOwnProperty', 'hasownproperty', 'toString', 'prototype'])(
    '%s is known as one',
    (name) => expect(isPrototypeName(name)).toBe(true),
  );
  it('is no host and no agent', () => {
    expect([parseHostId('constructor'), parseHostId('hasOwnProperty'), parseAgentId('valueOf')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a host id', () => {
  it.each([
    ['Mac-Mini', 'mac-mini'],
    [' a ', 'a'],
    ['a.b_c-1', 'a.b_c-1'],
  ])('%j is read as %s', (text, id) => expect(parseHostId(text)).toBe(id));
  it.each(['', '-a', '.a', 'a b', 'a/b', 'ä', 'a'.repeat(65)])('%j is none', (text) =>
    expect(parseHostId(text)).toBeUndefined(),
  );
});

describe('an agent id', () => {
  it.each(['uuid-23blocks-iac', 'A', '7f9c2d1e', 'a'.repeat(128)])('%s is one', (text) =>
    expect(parseAgentId(text)).toBe(text),
  );
  it.each(['', '..', '_a', 'a/b', 'a b', 'a%2Fb', 'a'.repeat(129), 'ä'])('%j is none', (text) =>
    expect(parseAgentId(text)).toBeUndefined(),
  );
});
