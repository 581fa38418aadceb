import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only ends a test that hangs. What takes seconds, as real processes and long searches do, says its own bound.
    testTimeout: 20_000,
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
