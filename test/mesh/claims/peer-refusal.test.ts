import { describe, expect, it } from 'vitest';
import { refusalIn } from '../../../mesh/claims/peer-refusal.ts';
import { MeshError } from '../../../mesh/errors.ts';

describe('what is told of a greeting that failed', () => {
  it.each([
    ['nothing, where nobody answered', new MeshError('peer_silent', 'Host mini is away.'), undefined],
    ['what the peer said', new MeshError('clock_skew', 'It is late there.'), 'It is late there.'],
    ['that its form is not known', new TypeError('x'), 'Its answer to a greeting is in a form that is not known here.'],
  ])('%s', (_, error, told) => {
    expect(refusalIn(error)).toBe(told);
  });
});
