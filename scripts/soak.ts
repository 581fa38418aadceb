#!/usr/bin/env node
// `npm run soak`: real hosts in trouble for as long as one likes, and simulated ones beside them; CI runs a short one.
import { parseArgs } from 'node:util';
import { runChaos } from './chaos/run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds) / Number(values.rounds);
let operations = 0;
let violations = 0;
for (let round = 0; round < Number(values.rounds); round += 1) {
  const seed = Number(values.seed) + round;
  const result = await runChaos({ seconds, seed }, (line) => console.log(`seed ${seed}: ${line}`));
  operations += result.operations;
  violations += result.violations.length;
  for (const violation of result.violations) console.log(`  ${violation}`);
}
console.log(`${operations} operations, ${violations} violations`);
if (violations > 0) process.exitCode = 1;
