// The thread that reads one notification: see bounce-reader.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { parseNotification } from './bounce-parser.ts';
import type { NotificationRead } from './bounce-reader.ts';

const report = await parseNotification(workerData as Uint8Array);
parentPort?.postMessage({ report } satisfies NotificationRead);
