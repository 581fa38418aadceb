// The paper of the HTTP API says what the node does: its table of codes is the code's, and each route that it names is there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STATUS_OF } from '../../../node/http/errors.ts';
import { testNode } from '../../support/test-node.ts';

const README = readFileSync(join(import.meta.dirname, '../../../node/http/README.md'), 'utf8');

/** The rows of the tables under a heading, cell by cell. */
function rowsUnder(heading: string): string[][] {
  const section = README.split(/^##+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

it('lists each code under its one status', () => {
  const told = rowsUnder('Errors').flatMap(([, status = '', codes = '']) =>
    [...codes.replace(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, code = '']) => [code, Number(status)] as const),
  );
  expect(Object.fromEntries(told)).toEqual(STATUS_OF);
});

it('names routes that are there', async () => {
  const paths = rowsUnder('Routes').flatMap(([, routes = '']) =>
    [...routes.matchAll(/`[^`/…]*(\/[a-z/:.-]+)/g)].map(([, path = '']) => path.replaceAll(':', '')),
  );
  expect(paths.length).toBeGreaterThan(14);
  const { ask } = await testNode({ copied: { directory: '/nowhere', store: {} as never } });
  const answers = paths.map(async (path) => [path, (await ask('PUT', path)).status]);
  expect((await Promise.all(answers)).filter(([, status]) => status !== 405)).toEqual([]);
});
