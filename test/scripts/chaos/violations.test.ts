// What a soak finds is known however it ends.
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Violations } from '../../../scripts/chaos/violations.ts';

describe('a violation', () => {
  it('is said when it is found, with the octets that bring it about', () => {
    const said: string[] = [];
    const violations = new Violations((line) => said.push(line));
    violations.add('mail 7 is not there', { 'mail-7.eml': Buffer.from('\n.') });
    expect(said).toEqual(['VIOLATION 1: mail 7 is not there; mail-7.eml: base64 Ci4=']);
    expect(violations.found).toEqual(['mail 7 is not there; mail-7.eml: base64 Ci4=']);
  });

  it('has octets that are many in a file', () => {
    const violations = new Violations(() => undefined);
    const mail = Buffer.alloc(5_000, 'x');
    violations.add('mail 7 is not there', { 'mail-7.eml': mail });
    const file = /mail-7\.eml: (.*)$/.exec(violations.found[0] ?? '')?.[1] ?? '';
    expect(readFileSync(file)).toEqual(mail);
    rmSync(dirname(file), { recursive: true });
  });

  it('is what ends by itself before it is over', async () => {
    const violations = new Violations(() => undefined);
    const ended = () => Promise.reject(new Error('The domain is refused.'));
    expect(await violations.guard('The questions', ended)).toBeUndefined();
    expect(violations.found).toEqual([expect.stringMatching(/^The questions ended: Error: The domain is refused\.\n/)]);
    expect(await violations.guard('The mails', async () => 7)).toBe(7);
  });
});
