// What `npm pack` ships: the program as JavaScript, in dist/, for Node strips no types below node_modules. The package's own description lies
// beside it, where the program looks for its version.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
const compiler = join(ROOT, 'node_modules', '.bin', 'tsc');
execFileSync(compiler, ['-p', join(import.meta.dirname, 'tsconfig.json')], { stdio: 'inherit' });
copyFileSync(join(ROOT, 'package.json'), join(DIST, 'package.json'));
// What the page sends to browsers as it is.
for (const name of ['style.css', 'live.js'])
  copyFileSync(join(ROOT, 'node', 'page', name), join(DIST, 'node', 'page', name));
