// How hosts come into the mesh and leave it: what an operator asks of this host, what a newcomer asks of it, and what hosts tell each other of it.
// The newcomer's question stands before peerAuth, for its key is not known yet: it is proven by a token.
import type { Hono } from 'hono';
import { z } from 'zod';
import { HOSTS_PATH, HOSTS_VERSION, hostsMessage } from '../../../mesh/admission/host-changes.ts';
import { JOIN_PATH, joinAsk } from '../../../mesh/admission/messages.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { parseHost } from '../../../mesh/hosts-json.ts';
import { hostIdSchema } from '../../../mesh/name-schemas.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Roster } from '../../../mesh/roster.ts';
import type { Admission } from '../../admission/admission.ts';
import type { HostEntry, HostList } from '../../admission/host-list.ts';
import type { HostNews } from '../../admission/host-news.ts';
import { CredentialFailures } from '../../keys/failures.ts';
import { clientAddress } from '../client-address.ts';
import { readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { type PeerRoute, readMessage } from '../peers/peer-message.ts';
import { lookUpTurns } from '../server/look-up-turns.ts';

export interface AdmissionServices {
  readonly admission: Admission;
  readonly list: HostList;
  readonly news: HostNews;
}

export const nothing = z.strictObject({});
export const added = z.looseObject({ id: hostIdSchema });
export const removed = z.strictObject({ host: hostIdSchema });

/** What a newcomer asks. Whoever shows tokens that open nothing, again and again, is not looked at for a while. */
export function joinRoutes(app: Hono, { admission }: Pick<AdmissionServices, 'admission'>, clock: Clock): void {
  const failures = new CredentialFailures(clock);
  const turns = lookUpTurns();
  resource(app, JOIN_PATH, {
    POST: async (c) => {
      await turns.enter();
      const ask = await readJson(c, joinAsk);
      const client = clientAddress(c);
      const limited = failures.refuses(client, ask.invitation);
      if (limited !== undefined) throw limited;
      try {
        return c.json(await admission.admit(ask));
      } catch (error) {
        if (error instanceof MeshError && error.code === 'unauthorized') failures.failed(client);
        throw error;
      }
    },
  });
}

/** What hosts tell each other. */
export function hostNewsRoutes({ news }: Pick<AdmissionServices, 'news'>): readonly PeerRoute[] {
  return [
    {
      path: HOSTS_PATH,
      answer: async (message) => {
        const digest = await news.receive(message.from, readMessage(message, hostsMessage, HOSTS_VERSION));
        return { version: HOSTS_VERSION, digest };
      },
    },
  ];
}

/** What an operator asks. `services`: absent where the hosts share no secret. */
export function hostListRoutes(app: Hono, services: AdmissionServices | undefined, roster: () => Roster): void {
  const open = () => services ?? refuseWithoutSecret();
  const hosts = () => ({ hosts: roster().hosts.map(({ id, url }) => ({ id, url })) });
  resource(app, '/api/hosts/invitations', {
    POST: async (c) => {
      await readJson(c, nothing);
      const { expiresMs, ...invited } = await open().admission.invite();
      return c.json({ ...invited, expiresAt: new Date(expiresMs).toISOString() }, 201);
    },
  });
  resource(app, '/api/hosts/add', {
    POST: async (c) => {
      const entry = await readJson(c, added);
      const host = parseHost(entry);
      if (host === undefined)
        throw new MeshError(
          'invalid_request',
          'The body is no entry of hosts.json: it needs an "id" and a "url", http://host:port.',
        );
      await open().list.add({ ...host.entry, id: host.id } satisfies HostEntry);
      return c.json(hosts(), 201);
    },
  });
  resource(app, '/api/hosts/remove', {
    POST: async (c) => {
      const { host } = await readJson(c, removed);
      await open().list.remove(host);
      return c.json(hosts());
    },
  });
}

function refuseWithoutSecret(): never {
  throw new MeshError(
    'conflict',
    'This host has no MESH_SECRET, by which hosts believe each other who is in the mesh. Set the same one on every host, or edit hosts.json on each of them.',
  );
}
