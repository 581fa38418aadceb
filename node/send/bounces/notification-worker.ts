// The thread that reads one notification: see notification-reader.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { parseNotification } from './notification.ts';
import type { NotificationRead } from './notification-reader.ts';

const report = await parseNotification(workerData as Uint8Array);
parentPort?.postMessage({ report } satisfies NotificationRead);
