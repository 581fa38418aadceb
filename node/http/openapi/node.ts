// The node itself, its mesh, its conflicts and its keys, as the document tells of them.
import { z } from 'zod';
import { SCOPES } from '../../keys/scopes.ts';
import { pageQuery } from '../page-query.ts';
import { CONFLICTS_PATH } from '../paths.ts';
import { added, nothing, removed as removedHost } from '../routes/admission.ts';
import { wanted } from '../routes/backup.ts';
import { resolution } from '../routes/conflicts.ts';
import { newKey } from '../routes/keys.ts';
import { eviction, joining, recovery } from '../routes/operator-decisions.ts';
import { answer, count, json, moment, type PathGroup, removed } from './operation.ts';

const claims = z.object({
  kind: z.string(),
  ready: z.boolean(),
  why: z.string().optional(),
  reason: z.string().optional(),
  hosts: z.array(z.string()).optional(),
  voters: z.array(z.string()),
  required: count,
  unsettled: count,
});
const membership = z
  .object({
    epoch: count,
    voters: z.array(z.string()),
    from: z.array(z.string()).optional(),
    joining: z.boolean(),
    gone: z.record(z.string(), moment),
    evicted: z.array(z.string()),
    evicting: z.array(z.string()),
    state: z.string(),
    notes: z.array(z.string()),
    registers: z.object({ kept: count, released: count, collected: count }).optional(),
  })
  .meta({ id: 'Membership' });
const host = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    enabled: z.boolean(),
    votes: z.boolean(),
    isSelf: z.boolean(),
    status: z.enum(['online', 'offline', 'unknown', 'disabled']),
    lastSeenAt: moment.optional(),
    rttMs: z.number().optional(),
    why: z.string().optional(),
    legacy: z.boolean().optional(),
    remark: z.string().optional(),
    publicKey: z.string().optional(),
    key: z.looseObject({ state: z.string() }).optional(),
    feed: z.object({ state: z.string(), asOf: moment.optional(), why: z.string().optional() }).optional(),
  })
  .meta({ id: 'Host', description: 'The entry of hosts.json as it stands there, and what is known of that host.' });
const moved = z.object({ mesh: membership.optional() });
const listed = z.object({ hosts: z.array(z.object({ id: z.string(), url: z.string() })) });
const OF_LISTS = ['conflict', 'limit_exceeded', 'overloaded'] as const;
const OF_DECISIONS = ['conflict', 'membership_mismatch', 'uniqueness_unavailable', 'overloaded'] as const;

export const nodePaths: PathGroup = {
  tag: 'Node',
  about: 'This node, who is in its mesh, and what only an operator may decide about it.',
  paths: {
    '/health': {
      GET: {
        id: 'getHealth',
        summary: 'Whether the node is alive',
        answers: {
          200: answer(
            'It is. `forwarded`: a header of the request says that a proxy passed it on.',
            z.object({ status: z.literal('ok'), version: z.string(), host: z.string(), forwarded: z.boolean() }),
          ),
        },
      },
    },
    '/ready': {
      GET: {
        id: 'getReadiness',
        summary: 'Whether an address can be claimed',
        answers: { 200: answer('One can.', z.object({ ready: z.literal(true), claims })) },
        refusals: ['uniqueness_unavailable'],
      },
    },
    '/api/hosts': {
      GET: {
        id: 'listHosts',
        summary: 'Who is in the mesh, who is there, and who votes',
        answers: {
          200: answer('In the order of hosts.json.', z.object({ hosts: z.array(host), mesh: membership.optional() })),
        },
      },
    },
    '/api/hosts/identity': {
      GET: {
        id: 'getIdentity',
        summary: 'Who this is',
        answers: {
          200: answer(
            'This host.',
            z.object({
              host: z.object({
                id: z.string(),
                name: z.string(),
                url: z.string(),
                version: z.string(),
                publicKey: z.string(),
                isSelf: z.literal(true),
              }),
            }),
          ),
        },
      },
    },
    '/api/backup': {
      POST: {
        id: 'backUp',
        summary: 'A backup of this host, while it goes on',
        body: { content: json(wanted, {}) },
        answers: {
          200: {
            when: 'A tar archive.',
            content: { 'application/x-tar': { schema: z.string().meta({ description: 'The octets.' }) } },
          },
        },
        refusals: ['stopping', 'overloaded'],
      },
    },
    '/api/hosts/invitations': {
      POST: {
        id: 'inviteHost',
        summary: 'A token by which one new host may join, once, within 30 minutes',
        body: { content: json(nothing, {}) },
        answers: {
          201: answer(
            'It is made.',
            z.object({ token: z.string(), fingerprint: z.string(), url: z.string(), expiresAt: moment }),
          ),
        },
        refusals: OF_LISTS,
      },
    },
    '/api/hosts/add': {
      POST: {
        id: 'addHost',
        summary: 'Adds a host to hosts.json, here and on every other host',
        body: { content: json(added, { id: 'linux', url: 'http://linux.tailnet:23000' }) },
        answers: { 201: answer('It is added.', listed) },
        refusals: OF_LISTS,
      },
    },
    '/api/hosts/remove': {
      POST: {
        id: 'removeHost',
        summary: 'Takes a host out of hosts.json, here and on every other host',
        body: { content: json(removedHost, { host: 'linux' }) },
        answers: { 200: answer('It is taken out.', listed) },
        refusals: [...OF_LISTS, 'not_found'],
      },
    },
    '/api/hosts/evict': {
      POST: {
        id: 'evictHost',
        summary: 'Frees the addresses of a host that does not come back',
        body: { content: json(eviction, { host: 'linux' }) },
        answers: {
          200: answer('They are free.', z.object({ evicted: z.string(), mesh: membership.optional() })),
          202: answer(
            'It goes on by itself.',
            z.object({ evicting: z.string(), message: z.string(), mesh: membership.optional() }),
          ),
        },
        refusals: [...OF_DECISIONS, 'not_found'],
      },
    },
    '/api/hosts/join': {
      POST: {
        id: 'joinMesh',
        summary: 'Leaves this mesh for that of a host',
        body: { content: json(joining, { host: 'cloud', acceptLoss: true }) },
        answers: { 200: answer('It is under way.', moved) },
        refusals: [...OF_DECISIONS, 'not_found'],
      },
    },
    '/api/hosts/recover': {
      POST: {
        id: 'recoverMesh',
        summary: 'Goes on without voters that are lost for good',
        body: { content: json(recovery, { voters: ['mac'], acceptLoss: true }) },
        answers: { 200: answer('It is under way.', moved) },
        refusals: [...OF_DECISIONS, 'not_found'],
      },
    },
  },
};

const conflict = z.object({
  address: z.string(),
  agentId: z.string(),
  agentName: z.string(),
  claimId: z.string(),
  since: moment,
  claimedBy: z.object({ agentName: z.string(), hostId: z.string(), claimId: z.string(), since: z.string() }),
  decidedBy: z.literal('voters'),
  foundAt: moment,
});

export const conflictPaths: PathGroup = {
  tag: 'Conflicts',
  about:
    'Addresses that two hosts had, after a restored backup or a joined mesh: what this host conceded, and what must still be decided.',
  paths: {
    [CONFLICTS_PATH]: {
      GET: {
        id: 'listConflicts',
        summary: 'What this host conceded, and what is undecided',
        query: pageQuery(),
        answers: {
          200: answer(
            'A page.',
            z.object({
              conflicts: z.array(conflict),
              undecided: z.array(
                z.object({ address: z.string(), hostId: z.string(), legacy: z.literal(true).optional() }),
              ),
              nextCursor: z.string().optional(),
            }),
          ),
        },
      },
    },
    [`${CONFLICTS_PATH}/:address`]: {
      POST: {
        id: 'resolveConflict',
        summary: 'Decides whose an address is',
        body: { content: json(resolution, { keep: 'theirs' }) },
        answers: {
          200: answer('It is decided.', z.object({ conflict: conflict.optional(), kept: resolution.shape.keep })),
        },
        refusals: ['conflict', 'uniqueness_unavailable', 'limit_exceeded'],
      },
    },
  },
};

const key = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    agentId: z.string().optional(),
    createdAt: moment,
    expiresAt: moment.optional(),
    expired: z.boolean().optional(),
    lastUsedAt: moment.nullable(),
  })
  .meta({ id: 'Key' });

export const keyPaths: PathGroup = {
  tag: 'Keys',
  about: 'What clients show, instead of a token that opens everything.',
  paths: {
    '/api/keys': {
      GET: {
        id: 'listKeys',
        summary: 'The keys of this node',
        answers: { 200: answer('Never their text.', z.object({ keys: z.array(key) })) },
      },
      POST: {
        id: 'createKey',
        summary: 'Makes a key',
        body: { content: json(newKey, { name: 'gateway', scopes: ['read', 'webhooks'] }) },
        answers: {
          201: answer(
            'It is made.',
            z.object({ key, secret: z.string().meta({ description: 'The text to show; only here.' }) }),
          ),
        },
        refusals: ['limit_exceeded', 'conflict'],
      },
    },
    '/api/keys/:id': {
      DELETE: { id: 'revokeKey', summary: 'Revokes a key, at once', answers: { 200: removed } },
    },
  },
};
