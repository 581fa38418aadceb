// This package as who installs it has it: packed by npm, and unpacked where npm would put it, with none of its dependencies.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

/** Below `directory`, in node_modules. */
export async function installPackage(directory: string): Promise<void> {
  const place = join(directory, 'node_modules', 'agent-email-mesh');
  await mkdir(place, { recursive: true });
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
  const file = execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', join(directory, file), '-C', place, '--strip-components=1']);
}
