// `npm run figures`: writes the tables of the README beside this file from what `npm run bench` has noted in figures.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCHMARKS } from './benchmarks.ts';
import { withTable } from './figure-table.ts';
import { recordedRuns } from './recorded-figures.ts';

const README = join(import.meta.dirname, 'README.md');

writeFileSync(README, withTable(readFileSync(README, 'utf8'), { benchmarks: BENCHMARKS, runs: recordedRuns() }));
