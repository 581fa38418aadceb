// The two workers of the mailbox. The one that writes makes the database, so the one that reads is begun after it.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { IntakeData } from './intake/worker.ts';
import type { Answers, IntakeQuestions, MainQuestions, QueryQuestions } from './questions.ts';
import type { QueryData } from './store/query-worker.ts';
import { WorkerLink } from './worker-link.ts';

/** MiB of heap of each worker; what is larger is in buffers or on disk. */
const WORKER_HEAP_MIB_MAX = 256;

export interface WorkersOptions extends IntakeData {
  /** What the intake may ask. */
  readonly answers: Answers<MainQuestions>;
  /** Told of inboxes in which a worker may find mail now. */
  readonly freed: (inboxIds: readonly string[]) => void;
  /** Called when there may be new events. */
  readonly told: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Workers {
  readonly intake: WorkerLink<IntakeQuestions>;
  readonly query: WorkerLink<QueryQuestions>;
}

/**
 * Resolves when both can be asked, or could not begin: then they are begun again, and all questions refused meanwhile. Rejects with
 * `invalid_request` where the intake can't listen.
 */
export async function startWorkers({
  answers,
  freed,
  told,
  clock,
  log,
  ...intakeData
}: WorkersOptions): Promise<Workers> {
  const intake = new WorkerLink<IntakeQuestions>({
    ...{ name: 'intake', answers, freed, told, clock, log },
    start: () => startWorker('./intake/worker', intakeData),
  });
  await intake.settled;
  const queryData: QueryData = { directory: intakeData.directory };
  const query = new WorkerLink<QueryQuestions>({
    ...{ name: 'query', answers: {}, clock, log },
    start: () => startWorker('./store/query-worker', queryData),
  });
  await query.settled;
  return { intake, query };
}

function startWorker(path: string, data: IntakeData | QueryData): Worker {
  const url = new URL(`${path}${extname(import.meta.filename)}`, import.meta.url);
  return new Worker(url, {
    workerData: data,
    name: path,
    // A file that a worker leaves open when it dies stays open: closed, the locks of the other one on the database would go with it.
    trackUnmanagedFds: false,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX },
  });
}
