import { describe, expect, it } from 'vitest';
import { canonicalTarget, splitTarget } from '../../../mesh/signature/target.ts';

describe('the spelling of a request target', () => {
  it.each([
    ['/api/mesh/v1/hello', '/api/mesh/v1/hello'],
    ['/api?address=a%2Bb%40x.com&x=1', '/api?address=a%2Bb%40x.com&x=1'],
    ["/api?address=o'brien@x.com", '/api?address=o%27brien@x.com'],
    ["/agents/o'brien", "/agents/o'brien"],
    ['/a/../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/.hidden', '/a/.hidden'],
    ['//elsewhere/x', '//elsewhere/x'],
    ['/a b?c d', '/a%20b?c%20d'],
    ['/臺', '/%E8%87%BA'],
    ['/a#b', '/a'],
    ['/a?', '/a?'],
  ])('%s is sent as %s, and that as itself', (target, canonical) => {
    expect(canonicalTarget(target)).toBe(canonical);
    expect(canonicalTarget(canonical)).toBe(canonical);
  });

  it.each([
    ['/a', { path: '/a', query: '?' }],
    ['/a?b=c?d', { path: '/a', query: '?b=c?d' }],
  ])('%s is signed as path and query', (target, parts) => {
    expect(splitTarget(target)).toEqual(parts);
  });
});
