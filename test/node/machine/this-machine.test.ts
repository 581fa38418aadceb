import { describe, expect, it } from 'vitest';
import { isThisMachine } from '../../../node/machine/this-machine.ts';

describe('what is sent there stays on this machine', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.0.1', '::1', '[::1]', '::ffff:127.0.0.1', '[::ffff:7f00:1]'])(
    'to %s',
    (host) => expect(isThisMachine(host)).toBe(true),
  );
  it.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '127.evil.example',
    'localhost.evil.example',
    'x.localhost',
  ])('not to %j', (host) => expect(isThisMachine(host)).toBe(false));
});
