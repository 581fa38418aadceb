import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { GENERAL_WASM_WRAPPERS } from './node/system/v8-flags.ts';
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts';

export default defineConfig({
  test: {
    projects: [
      // Nothing of the mesh outlives a test but what it was handed, so that its files share one worker and what it has imported.
      { extends: true, test: { name: 'mesh', include: ['test/mesh/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/mesh/**'] } },
    ],
    // Only ends a test that hangs: what takes two seconds takes twenty and more beside other programs. What takes longer, as real processes and
    // long searches do, says its own bound.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // So does the end of what is asked again and again, and before that: it says what was seen last. By itself it would be one second.
    expect: { poll: { timeout: 45_000 } },
    // Threads of the node strip types while others end.
    execArgv: [GENERAL_WASM_WRAPPERS],
    // On two cores, vitest would run one file after the other: real processes, which wait for each other most of the time, leave room for another.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', new ClosingLineReporter()],
    // By `npm run check`. Of lines that a test ran in its own process: what only a real process runs (main.ts, …) counts as not covered.
    coverage: {
      provider: 'v8',
      include: ['mesh/**/*.ts', 'node/**/*.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 85, 'mesh/**/*.ts': { lines: 90 } },
    },
  },
});
