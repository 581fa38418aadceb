// Ends a run with one plain line, `N passed, N failed`, which CI counts: vitest's own summary is drawn for people.
import type { Reporter, TestModule } from 'vitest/node';

/** A vitest reporter whose last printed line is `N passed, N failed[, N skipped]`. A file that did not load counts as failed. */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    const skipped = count.skipped + count.pending;
    process.stdout.write(
      `\n${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
    );
  }
}
