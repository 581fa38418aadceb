// The document itself, as it tells of itself.
import { z } from 'zod';
import { OPENAPI_PATH } from '../paths.ts';
import { answer, type PathGroup } from './operation.ts';

export const documentPaths: PathGroup = {
  tag: 'Documents',
  about: 'What this node can be asked, and what it measures.',
  paths: {
    [OPENAPI_PATH]: {
      GET: {
        id: 'getDocument',
        summary: 'This document',
        answers: { 200: answer('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })) },
      },
    },
    '/metrics': {
      GET: {
        id: 'getMetrics',
        summary: 'Everything that this host measures',
        answers: {
          200: { when: 'In the text format of Prometheus.', content: { 'text/plain': { schema: z.string() } } },
        },
      },
    },
  },
};
