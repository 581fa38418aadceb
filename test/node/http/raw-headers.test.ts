import { describe, expect, it } from 'vitest';
import { rawHeader } from '../../../node/http/raw-headers.ts';

const request = {
  rawHeaders: ['Host', 'mac:1', 'X-Federated-Query', 'true', 'Origin', 'a', 'ORIGIN', 'b', 'Empty', ''],
};

describe('a header as it was received', () => {
  it.each([
    ['host', 'mac:1'],
    ['x-federated-query', 'true'],
    ['origin', 'a, b'],
    ['empty', ''],
    ['hos', undefined],
    ['cost', undefined],
  ])('%s is %j', (name, value) => expect(rawHeader(request, name)).toBe(value));
});
