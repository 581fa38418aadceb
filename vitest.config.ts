import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only ends a test that hangs: the simulations are bounded by their work, and take as long as the machine is busy.
    testTimeout: 60_000,
    reporters: ['default', new ClosingLineReporter()],
    coverage: { provider: 'v8', include: ['mesh/**/*.ts', 'node/**/*.ts'], reporter: ['text-summary'] },
  },
});
