// What hosts of the original ask of each other, as the document of a node that answers it tells of them (node/compat/README.md).
import { z } from 'zod';
import { EXCHANGE_PEERS_PATH, REGISTER_PEER_PATH } from '../paths.ts';
import { exchange, registration } from '../routes/compat.ts';
import { answer, count, json, moment, type PathGroup } from './operation.ts';

const identity = z.object({ id: z.string(), name: z.string(), url: z.string() });
const status = z.enum(['pass', 'warn']);

export const compatPaths: PathGroup = {
  tag: 'Beside the original',
  about:
    'What hosts and the dashboard of the original ask, where `MESH_COMPAT` says so. Nothing of it changes the node.',
  paths: {
    '/api/config': {
      GET: {
        id: 'getConfig',
        summary: 'That the host is there',
        answers: {
          200: answer(
            'It is.',
            z.object({
              version: z.string(),
              loggingEnabled: z.literal(false),
              conversationIndexerEnabled: z.literal(false),
              platform: z.string(),
              nodeVersion: z.string(),
              port: z.string(),
            }),
          ),
        },
      },
    },
    '/api/diagnostics': {
      GET: {
        id: 'getDiagnosis',
        summary: 'Whether the host is well, as far as the original asks',
        answers: {
          200: answer(
            'What was looked at.',
            z.object({
              timestamp: moment,
              hostname: z.string(),
              summary: z.object({ total: count, passed: count, failed: count, warnings: count, status }),
              checks: z.array(z.object({ name: z.string(), status, message: z.string() })),
            }),
          ),
        },
      },
    },
    '/api/agents/directory': {
      GET: {
        id: 'getDirectory',
        summary: 'The agents of this host, for a directory of all hosts',
        answers: {
          200: answer(
            'All of them.',
            z.object({
              success: z.literal(true),
              entries: z.array(
                z.object({
                  name: z.string(),
                  hostId: z.string(),
                  hostUrl: z.string(),
                  source: z.literal('local'),
                  lastSeen: moment,
                }),
              ),
              stats: z.object({ total: count, local: count, remote: count }),
            }),
          ),
        },
      },
    },
    '/api/agents/by-name/:name': {
      GET: {
        id: 'getAgentByName',
        summary: 'Whether an agent of that name is on this host',
        answers: {
          200: answer(
            'It is.',
            z.object({
              exists: z.literal(true),
              agent: z.object({ id: z.string(), name: z.string(), hostId: z.string(), hostUrl: z.string() }),
            }),
          ),
        },
      },
    },
    [REGISTER_PEER_PATH]: {
      POST: {
        id: 'registerPeer',
        summary: 'Answers that the host is known; who is in the mesh stands in hosts.json',
        body: {
          content: json(registration, { host: { id: 'desk', name: 'Desk', url: 'http://desk.tailnet:23000' } }),
        },
        answers: {
          200: answer(
            'Who is known.',
            z.object({
              success: z.literal(true),
              registered: z.literal(false),
              alreadyKnown: z.literal(true),
              host: identity,
              knownHosts: z.array(identity),
            }),
          ),
        },
      },
    },
    [EXCHANGE_PEERS_PATH]: {
      POST: {
        id: 'exchangePeers',
        summary: 'Answers which of the hosts that the asker knows are here; none is taken in',
        body: {
          content: json(exchange, {
            fromHost: { id: 'desk', name: 'Desk', url: 'http://desk.tailnet:23000' },
            knownHosts: [{ id: 'third', name: 'Third', url: 'http://third.tailnet:23000' }],
          }),
        },
        answers: {
          200: answer(
            'Which are here.',
            z.object({
              success: z.literal(true),
              newlyAdded: z.array(z.string()).max(0),
              alreadyKnown: z.array(z.string()),
              unreachable: z.array(z.string()).max(0),
            }),
          ),
        },
      },
    },
  },
};
