// `mesh backup`: everything that a running node keeps, into a file that only its owner reads.
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { request } from 'undici';
import { syncDirectory } from '../machine/own-files.ts';
import { shellWord } from '../machine/shell-word.ts';
import type { Asking, CommandLine } from './command-line.ts';
import { type NodeClientOptions, refusalIn } from './node-client.ts';
import type { Report } from './report.ts';

interface Wanted {
  readonly withKeys?: true;
  readonly force?: true;
}

/** The node sends a piece at least this often. */
const SILENT_MS_MAX = 120_000;

export function addBackupCommand(commands: CommandLine): void {
  commands
    .add('backup <file>', 'everything that the host keeps, while it runs, into a file; npx mesh restore reads it')
    .option('--with-keys', "the host's key, the keys of clients and the secrets of webhooks, too")
    .option('--force', 'write over a file that is there')
    .action((file: string, asking: Asking & Wanted) =>
      commands.run(asking, (_, __, { node }) => backUp(node, resolve(file), asking)),
    );
}

/** The file is there when the backup is whole and durable, and not before. */
export async function backUp(node: NodeClientOptions, file: string, { withKeys, force }: Wanted): Promise<Report> {
  if (force !== true && (await isThere(file))) throw new Error(`${file} is there: name another file, or say --force.`);
  const draft = `${file}.part`;
  const answer = await askFor(node, { withKeys: withKeys === true });
  // From here on the draft is this command's: a node makes one backup at a time, and refuses whoever comes meanwhile.
  let bytes = 0;
  try {
    bytes = await writeInto(draft, answer);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(dirname(file));
  const secrets = withKeys === true ? ' It holds secrets: keep it where nobody else reads it.' : '';
  return {
    text: `${file} holds what ${node.url} kept at this moment (${bytes} octets).${secrets} npx mesh restore ${shellWord(file)} --data DIR makes a data directory of it.`,
    value: { file, bytes, withKeys: withKeys === true },
    ok: true,
  };
}

/** The octets of the archive. */
async function askFor(
  { url, token, stop }: NodeClientOptions,
  wanted: { readonly withKeys: boolean },
): Promise<AsyncIterable<Uint8Array>> {
  const answer = await request(`${url}/api/backup`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(wanted),
    headersTimeout: SILENT_MS_MAX,
    bodyTimeout: SILENT_MS_MAX,
    ...(stop === undefined ? {} : { signal: stop }),
  }).catch((cause: Error) => {
    throw new Error(
      `The node at ${url} does not answer (${cause.message}). Is it running? Say where it is with --url.`,
    );
  });
  if (answer.statusCode >= 400) throw refusalIn(await answer.body.text(), answer.statusCode, url);
  return answer.body;
}

/** Resolves with their number once they are durable. */
async function writeInto(draft: string, archive: AsyncIterable<Uint8Array>): Promise<number> {
  await rm(draft, { force: true });
  await using file = await open(draft, 'wx', 0o600);
  let bytes = 0;
  try {
    for await (const octets of archive) {
      bytes += octets.byteLength;
      await file.writeFile(octets);
    }
  } catch (cause) {
    throw new Error(`The backup was cut off (${(cause as Error).message}). Take it again.`, { cause });
  }
  await file.sync();
  return bytes;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
