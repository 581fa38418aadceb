// The store's worker thread: opens the database and answers requests one after the other, in the order they were sent, so that
// an fsync never stops the event loop of the node. It ends when it was closed, or when the database could not be opened.
import { parentPort, workerData } from 'node:worker_threads';
import type { MeshError } from '../../mesh/errors.ts';
import { type Database, openDatabase } from './database.ts';
import { type PackedPage, packAsIs, packPage } from './packed-page.ts';
import type { Answer, PackQuestion, Reply, Request, WorkerData } from './store-thread.ts';

const port = parentPort;
if (port === null) throw new Error('node/store/worker.ts is a worker: see store-thread.ts.');

const reply = (work: () => Answer | PackedPage): boolean => {
  try {
    const answer = work();
    port.postMessage({ answer } satisfies Reply, 'packed' in answer ? octetsOf(answer) : []);
    return true;
  } catch (error) {
    const { message, cause } = error as MeshError;
    port.postMessage({ failure: { message, cause } } satisfies Reply);
    return false;
  }
};

let database: Database | undefined;
const { directory } = workerData as WorkerData;
const isOpen = reply(() => {
  database = openDatabase(directory);
  return [database.log ?? null, String(database.format)];
});

if (database && isOpen) serve(database);

function serve(open: Database): void {
  port?.on('message', (request: Request) => {
    reply(() => answer(open, request));
    if (request.kind === 'close') port.close();
  });
}

/** What goes to the other thread as it is. */
function octetsOf({ packed }: PackedPage): readonly ArrayBuffer[] {
  return packed.flatMap(({ octets, starts }) => [octets.buffer, starts.buffer]);
}

function answer(open: Database, request: Request): Answer | PackedPage {
  switch (request.kind) {
    case 'write':
      open.write(request.records);
      return [];
    case 'read':
      return open.read(request.keys);
    case 'page':
      return open.page(request.prefix, request.after, request.limit);
    case 'pack':
      return packed(open.parts(request.prefix, request.after, request.limit), request);
    case 'noteLog':
      open.noteLog(request.log);
      return [];
    case 'copy':
      open.copy(request.newest, request.rules);
      return [];
    case 'migrate':
      open.migrate();
      return [];
    case 'overwrite':
      return [open.overwrite(request.from)?.toString() ?? null];
    case 'close':
      open.close();
      return [];
  }
}

function packed(parts: Iterable<readonly string[]>, { prefix, form }: PackQuestion): PackedPage {
  return form === undefined ? packAsIs(parts, prefix) : packPage(parts, form);
}
