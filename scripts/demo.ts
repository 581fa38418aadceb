// `npm run demo`: a walk through what a mesh of hosts does or, with --mail, through two agents that write to each other. Exits 0 only if all of
// it was as told.
const given = process.argv.slice(2);

if (given.length === 0) await import('./demo/mesh.ts');
else if (given.join(' ') === '--mail') await import('./demo/mail.ts');
else {
  console.error(`npm run demo takes nothing, or -- --mail; not '${given.join(' ')}'.`);
  process.exitCode = 2;
}
