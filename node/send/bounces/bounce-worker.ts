// The thread that reads one bounce: see bounce-reader.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { parseBounce } from './bounce-parser.ts';
import type { BounceRead } from './bounce-reader.ts';

const report = await parseBounce(workerData as Uint8Array);
parentPort?.postMessage({ report } satisfies BounceRead);
