// The thread that makes the document: its schemas take a quarter of a second to be told of, and nobody else should wait for that meanwhile.
import { parentPort, workerData } from 'node:worker_threads';
import { type DocumentQuestion, openApiDocument } from './document.ts';

parentPort?.postMessage(JSON.stringify(openApiDocument(workerData as DocumentQuestion)));
