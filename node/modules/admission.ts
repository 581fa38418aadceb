// How hosts come into the mesh and leave it. Where the hosts share no secret, hosts.json is edited by hand alone.
import { Admission } from '../admission/admission.ts';
import { HostList } from '../admission/host-list.ts';
import { HostNews } from '../admission/host-news.ts';
import { Invitations } from '../admission/invitations.ts';
import { hostListRoutes, hostNewsRoutes, joinRoutes } from '../http/routes/admission.ts';
import type { Module, Parts } from './module.ts';

/**
 * Lets hosts in where the hosts share `MESH_SECRET`; without it, the routes say why nobody can be let in. No routes where hosts.json can't
 * be edited. Rejects with `store_failed`.
 */
export async function openAdmissionModule({ options, ports, mesh, events }: Parts): Promise<Module> {
  const { store, clock, random, log, signer, editHosts } = ports;
  if (editHosts === undefined) return {};
  const secret = options.secrets.meshSecret?.reveal();
  const roster = options.roster.current;
  if (secret === undefined) return { routes: (app) => hostListRoutes(app, undefined, roster) };
  const list = await HostList.open({ secret, roster, editHosts, store, log });
  const invitations = await Invitations.open({ store, clock, random });
  const claims = ports.engine === undefined ? undefined : options.secrets.claims?.reveal();
  const admission = new Admission({ secret, claims, roster, list, invitations, signer, clock, random });
  const { transport, isLegacy, isMember } = mesh;
  const news = new HostNews({
    ...{ list, transport, clock },
    listeners: () => {
      const gone = list.all().flatMap(({ id }) => (roster().get(id) === undefined && isMember(id) ? [id] : []));
      return [...roster().peers.map(({ id }) => id), ...gone].filter((id) => id !== roster().self.id && !isLegacy(id));
    },
  });
  events.found.subscribe((id) => news.found(id));
  options.roster.subscribe(() => news.found());
  return {
    strangerRoutes: (app) => joinRoutes(app, { admission }, clock),
    peerRoutes: hostNewsRoutes({ news }),
    routes: (app) => hostListRoutes(app, { admission, list, news }, roster),
    run: async (signal) => {
      await list.resume();
      await news.run(signal);
    },
  };
}
