// What a demonstration says as it goes, and whether all of it was as told.
let wrong = 0;

export function tell(sentence: string): void {
  console.log(`\n── ${sentence}`);
}

export function expect(what: string, holds: boolean): void {
  console.log(holds ? `  ✓ ${what}` : `  ✗ NOT AS TOLD: ${what}`);
  if (!holds) wrong += 1;
}

/** Says the last line, and sets the exit code: 0 only if all of it was as told. */
export function concludes(): void {
  console.log(wrong === 0 ? '\nAll of it was as told.' : `\n${wrong} things were not as told.`);
  process.exitCode = wrong === 0 ? 0 : 1;
}
