// The `mesh` command as the papers print it, on a machine whose own Node is older than the program needs.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(ROOT, 'node', 'mesh.js');
/** As a shell has it that npm did not start. */
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const OLDER_NODE = olderNode();
/** util-linux's `script` runs a command in a terminal of its own and ends as the command does. */
const HAS_TERMINALS = spawnSync('script', ['-qefc', 'exit 7', '/dev/null']).status === 7;
const CTRL_C = '\x03';

/** The machine's own when it is old; else this one, which says of itself that it is. */
function olderNode(): readonly string[] {
  try {
    const version = execFileSync('node', ['--version'], { encoding: 'utf8', env: { ...process.env, PATH } });
    if (Number.parseInt(version.slice(1), 10) < 24) return ['node'];
  } catch {
    // The machine has none of its own.
  }
  const pretence = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })";
  return [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(pretence)}`];
}

function start(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const [program = '', ...rest] = command;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:MESH_|npm_|NODE_)/.test(name)));
  const child = spawn(program, rest, {
    cwd: ROOT,
    env: { ...own, PATH, ...environment },
    stdio: [input, 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function run(command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = start(command, environment);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { out, err, code };
}

/** A lone host, once it has said that it is ready. */
async function startHost(): Promise<ChildProcess> {
  const { command, url } = await loneHost();
  const child = start(command);
  child.stderr?.resume();
  await isReady(child, url);
  return child;
}

/** The same in a terminal of its own: `terminal` is `script`, which ends as the launcher does. */
async function startHostInTerminal(): Promise<{ terminal: ChildProcess; launcher: number }> {
  const { command, url, directory } = await loneHost();
  const pidFile = join(directory, 'launcher.pid');
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const terminal = start(['script', '-qefc', `echo $$ > '${pidFile}'; exec ${words}`, '/dev/null'], {}, 'pipe');
  terminal.stderr?.resume();
  await isReady(terminal, url);
  return { terminal, launcher: Number(readFileSync(pidFile, 'utf8')) };
}

async function loneHost(
  start: readonly string[] = [...OLDER_NODE, LAUNCHER, 'start'],
): Promise<{ command: readonly string[]; url: string; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-command-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const hosts = join(directory, 'hosts.json');
  writeFileSync(hosts, JSON.stringify({ hosts: [{ id: 'a', url }] }));
  const flags = ['--hosts', hosts, '--host', 'a', '--data', directory];
  return { command: [...start, ...flags], url, directory };
}

async function isReady(child: ChildProcess, url: string): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) if (line.includes('is ready at')) break;
  child.stdout?.resume();
  expect((await fetch(`${url}/health`)).status).toBe(200);
}

describe('the mesh command under an older Node', { timeout: LIVE_MS_MAX }, () => {
  it('runs the program with its arguments and ends with its exit code', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await run([...OLDER_NODE, LAUNCHER, '--version'])).toMatchObject({ out: `${version}\n`, code: 0 });
    expect((await run([...OLDER_NODE, LAUNCHER, 'status', '--url', 'http://127.0.0.1:1'])).code).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on, and ends as the program does', async (signal) => {
    const child = await startHost();
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  });

  it.runIf(HAS_TERMINALS).each(['SIGINT', 'SIGHUP'] as const)(
    'passes %s on in a terminal too, when nobody but the launcher gets it',
    async (signal) => {
      const { terminal, launcher } = await startHostInTerminal();
      const ended = once(terminal, 'exit');
      process.kill(launcher, signal);
      expect(await ended).toEqual([0, null]);
    },
  );

  it.runIf(HAS_TERMINALS)(
    'ends in order at Ctrl-C, of which the program hears from the terminal and from the launcher',
    async () => {
      const { terminal } = await startHostInTerminal();
      const ended = once(terminal, 'exit');
      terminal.stdin?.write(CTRL_C);
      expect(await ended).toEqual([0, null]);
    },
  );

  it('leaves nothing behind when it is killed', async () => {
    const child = await startHost();
    // The program has the same standard streams: they are closed when it is gone too.
    const closed = once(child, 'close');
    child.stdout?.resume();
    child.kill('SIGKILL');
    expect(await closed).toEqual([null, 'SIGKILL']);
  });
});

describe('a node that npm started', { timeout: LIVE_MS_MAX }, () => {
  const [NPX, NPM_START] = [
    ['npx', 'mesh', 'start'],
    ['npm', 'start', '--'],
  ];

  // Debian's shell stays between npx and the node, ends of a SIGTERM, and passes nothing on. What ended npx is what npx says.
  it.each([
    [NPX, 'SIGTERM', [null, 'SIGTERM']],
    [NPX, 'SIGKILL', [null, 'SIGKILL']],
    [NPM_START, 'SIGTERM', [0, null]],
    [NPM_START, 'SIGINT', [0, null]],
    [NPM_START, 'SIGKILL', [null, 'SIGKILL']],
  ] as const)('by %j ends when npm gets %s', async (words, signal, status) => {
    const { command, url } = await loneHost(words);
    const child = start(command);
    let said = '';
    child.stderr?.on('data', (chunk) => (said += String(chunk)));
    await isReady(child, url);
    // The node has the same standard streams: they are closed when it is gone too.
    const closed = once(child, 'close');
    child.kill(signal);
    expect(await closed).toEqual(status);
    expect(said).toContain('node.stopping');
  });
});

describe('a command of the papers', { timeout: LIVE_MS_MAX }, () => {
  const papers = ['README.md', 'node/README.md', 'mesh/membership/README.md', 'node/send/README.md', 'test/README.md'];
  const readme = papers.map((paper) => readFileSync(join(ROOT, paper), 'utf8')).join('\n');
  const printed = [...readme.matchAll(/(?<!`)`([^`\n]+)`(?!`)|^(?:export |\w+=\S+ )?((?:node|npx|npm) .*)$/gm)].map(
    ([, inline, line]) => (inline ?? line ?? '').trim(),
  );

  it('never hands TypeScript to the Node of the machine, nor asks for a `mesh` that is not in the path', () => {
    const wrong = printed.filter((command) => /^(?:exec )?node \S*\.ts\b/.test(command) || /^mesh [a-z]/.test(command));
    expect(wrong, 'Print `npx mesh …`, or `node /path/to/this/clone/node/mesh.js …`.').toEqual([]);
    expect(printed.filter((command) => /^npx mesh [a-z]/.test(command)).length).toBeGreaterThan(3);
  });

  it.each([
    [['npx', 'mesh'], 'npx mesh'],
    [['npm', 'run', '-s', 'mesh', '--'], 'npx mesh'],
    [[...OLDER_NODE, LAUNCHER], 'npx mesh'],
    [['sh', '-c', 'cd / && exec "$@"', 'sh', ...OLDER_NODE, LAUNCHER], `node ${LAUNCHER}`],
  ] as const)('is advised as it was typed: %j', async (command, called) => {
    const { err, code } = await run([...command, 'frobnicate']);
    expect([err, code]).toEqual([`mesh: there is no command 'frobnicate'; ${called} --help lists them\n`, 1]);
  });

  it.each([
    ['npx', 'mesh', 'status'],
    ['npm', 'run', '-s', 'mesh', '--', 'status'],
    ['node', 'node/mesh.js', 'status'],
  ])('works as it is printed: %s %s %s', async (...command) => {
    const { err, code } = await run(command, { MESH_URL: 'http://127.0.0.1:1' });
    expect([err, code]).toEqual([expect.stringContaining('mesh: The node at http://127.0.0.1:1 does not answer'), 1]);
  });
});
