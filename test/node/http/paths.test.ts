// The path of a request, which the gate and the routes must read alike.
import { describe, expect, it } from 'vitest';
import { isMailboxPath, isPagePath, requestPath } from '../../../node/http/paths.ts';

describe('the path of a request', () => {
  it.each([
    ['http://mac/', '/'],
    ['http://mac:23000/api/agents', '/api/agents'],
    ['http://mac/api/agents?a=/b', '/api/agents'],
    ['http://mac/?http://other/x', '/'],
    ['http://mac/api/agents?a=1?b=2', '/api/agents'],
    ['http://[::1]:23000/health', '/health'],
    // As it was sent: a segment is decoded once, by its route.
    ['http://mac/api/agents/a%2Fb', '/api/agents/a%2Fb'],
    ['http://mac//api', '//api'],
    ['http://mac/api/conflicts/a', '/api/conflicts/a'],
    ['http://mac/api/mesh/v1/conflicts', '/api/conflicts'],
    ['http://mac/api/mesh/v1/conflicts/a@x.com?x=1', '/api/conflicts/a@x.com'],
    ['http://mac/api/mesh/v1/conflictsx', '/api/mesh/v1/conflictsx'],
    ['http://mac/api/mesh/v1/hello', '/api/mesh/v1/hello'],
  ])('of %s is %s', (url, path) => {
    expect(requestPath(url)).toBe(path);
  });

  it.each([
    ['/v0', true],
    ['/v0/inboxes', true],
    ['/api/mailbox', true],
    ['/api/mailbox/x', true],
    ['/v01', false],
    ['/api/mailboxes', false],
    ['/V0/inboxes', false],
    ['/api/v0', false],
  ])('%s is judged by the mailbox: %s', (path, isOne) => {
    expect(isMailboxPath(path)).toBe(isOne);
  });

  it.each([
    ['/', true],
    ['/docs', true],
    ['/page/agents', true],
    ['/docs/', false],
    ['/page', false],
    ['/pages/agents', false],
    ['/api/agents', false],
    ['', false],
  ])('%s is judged by the page: %s', (path, isOne) => {
    expect(isPagePath(path)).toBe(isOne);
  });
});
