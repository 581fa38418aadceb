// The line that lets the next machine in is typed as it is printed.
import { expect, it } from 'vitest';
import { joinLine } from '../../../mesh/admission/join-line.ts';

it.each([
  ['http://127.0.0.1:23000', 'ab12-cd34', 't0ken'],
  ['https://mesh.example.com', 'ffff-0000', 'A_b-9'],
])('names the host at %s, how its key is recognised, and what lets in', (url, fingerprint, token) => {
  const words = joinLine({ url, fingerprint, token }).split(' ');
  expect(words).toEqual(['npx', 'mesh', 'join-mesh', url, '--fingerprint', fingerprint, '--token', token]);
});
