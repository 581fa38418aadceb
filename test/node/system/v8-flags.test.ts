import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GENERAL_WASM_WRAPPERS, V8_FLAGS } from '../../../node/system/v8-flags.ts';

const NODE = join(import.meta.dirname, '..', '..', '..', 'node');

describe('the flags of V8', () => {
  it('are those that the command passes on', () => {
    const [, list = ''] = /^const V8_FLAGS = \[(.+)\];$/m.exec(readFileSync(join(NODE, 'mesh.js'), 'utf8')) ?? [];
    expect(list.split(', ')).toEqual(V8_FLAGS.map((flag) => `'${flag}'`));
  });

  it('are those that the program has where it is started as a file', () => {
    const [first] = readFileSync(join(NODE, 'main.ts'), 'utf8').split('\n');
    expect(first).toBe(`#!/usr/bin/env -S node ${V8_FLAGS.join(' ')}`);
  });

  it('are those of the processes that run tests, which start and end threads of the node', () => {
    expect(process.execArgv).toContain(GENERAL_WASM_WRAPPERS);
  });
});
