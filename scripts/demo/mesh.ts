// Three hosts on loopback and a walk through what a mesh does, every request and answer printed.
import { until } from '../chaos/claimants.ts';
import { ProcessMesh } from '../host-process.ts';
import { Receiver } from '../receiver.ts';
import { concludes, expect, tell } from './narration.ts';

const SECRET = 'a-secret-for-the-demo';
/** What is told of an agent that has an address. */
const BORN = ['agent.created', 'agent.email.changed'];

await using mesh = await ProcessMesh.create([{ id: 'mac' }, { id: 'cloud' }, { id: 'mini' }]);
await using gateway = await Receiver.listen(SECRET);

tell('Three hosts, each a node of its own with its own data; all of them read the same hosts.json.');
await mesh.start();
for (const host of mesh.hosts) console.log(`  ${host.ready}`);

tell(
  'A gateway subscribes to changes on mac, which follows what the other hosts do. It verifies every signature it gets.',
);
await until(async () => {
  const { hosts } = (await (await fetch(`${mesh.host('mac').url}/api/hosts`)).json()) as {
    readonly hosts: readonly { readonly feed?: { readonly state: string } }[];
  };
  return hosts.filter(({ feed }) => feed?.state === 'following').length === 2;
}, 'mac follows the others');
await ask('mac', 'POST', '/api/webhooks', {
  url: gateway.url,
  events: ['agent.created', 'agent.email.changed', 'agent.deleted'],
  secret: SECRET,
});

tell(
  'An agent is registered on mac, with an address. The address is claimed in the whole mesh before the answer comes.',
);
const titania = await ask('mac', 'POST', '/api/agents', {
  name: '23blocks-iac',
  label: 'Titania',
  tools: { email: { addresses: [{ address: 'titania@23blocks.23smartagents.com', displayName: 'Titania' }] } },
});
expect('it was created', titania.status === 201);
const titaniaId = titania.body.agent?.id;
const oberon = await ask('cloud', 'POST', '/api/agents', { name: 'oberon' });

tell('Another agent, on cloud, wants the same address, in other letters. It is told who has it.');
const stolen = await ask('cloud', 'POST', `/api/agents/${oberon.body.agent?.id}/email/addresses`, {
  address: 'Titania@23Blocks.23SmartAgents.com',
});
expect('the claim was refused, naming the owner', stolen.status === 409 && stolen.body.claimedBy?.hostId === 'mac');

tell('An address that nobody has is its own at once.');
const own = await ask('cloud', 'POST', `/api/agents/${oberon.body.agent?.id}/email/addresses`, {
  address: 'oberon@juan.23smartagents.com',
});
expect('the claim succeeded', own.status === 201);

tell('Anybody asks any host who owns an address. mini does not know it itself, so it asks the others.');
const found = await ask(
  'mini',
  'GET',
  '/api/agents/email-index?address=titania@23blocks.23smartagents.com&federated=true',
);
expect('mini found it on mac', found.body.emails?.['titania@23blocks.23smartagents.com']?.hostId === 'mac');
expect('all three hosts answered', found.body.meta?.hostsSucceeded === 3);

tell('Meanwhile the gateway was told, by mac alone, of what happened on mac and on cloud, signed and in order.');
await gateway.until(() => eventsOf('23blocks-iac').length >= 2 && eventsOf('oberon').length >= 2);
for (const { headers, body } of gateway.events)
  console.log(
    `  ${body.event} #${body.sequence} of ${body.agent.name} on ${body.agent.hostId}: added ${JSON.stringify(body.changes.added)}, ${headers['webhook-signature']}`,
  );
expect(
  'every event came, verified',
  gateway.refused.length === 0 && ['23blocks-iac', 'oberon'].every((name) => eventsOf(name).join() === BORN.join()),
);

tell('cloud is killed, as by a power cut.');
await mesh.host('cloud').kill();
const without = await ask(
  'mini',
  'GET',
  '/api/agents/email-index?address=oberon@juan.23smartagents.com&federated=true',
);
expect('the answer says that cloud was silent', without.body.meta?.hostsFailed?.join() === 'cloud');
const known = await ask(
  'mac',
  'GET',
  '/api/agents/email-index?address=oberon@juan.23smartagents.com&federated=true&mode=index',
);
expect(
  'mac, which heard of it, still says from its copy who owns it',
  known.body.emails?.['oberon@juan.23smartagents.com']?.hostId === 'cloud',
);

tell('Two of three hosts are a majority: claims go on, and nobody gets what cloud owns.');
const puck = await ask('mini', 'POST', '/api/agents', {
  name: 'puck',
  tools: { email: { addresses: [{ address: 'puck@example.com' }] } },
});
expect('a claim succeeds without cloud', puck.status === 201);
const absent = await ask('mini', 'POST', `/api/agents/${puck.body.agent?.id}/email/addresses`, {
  address: 'oberon@juan.23smartagents.com',
});
expect('what cloud owns stays its own', absent.status === 409 && absent.body.claimedBy?.hostId === 'cloud');

tell('cloud comes back with everything it had acknowledged.');
await mesh.host('cloud').start();
console.log(`  ${mesh.host('cloud').ready}`);
const back = await ask('mini', 'GET', '/api/agents/email-index?address=oberon@juan.23smartagents.com&federated=true');
expect('its address is found again', back.body.emails?.['oberon@juan.23smartagents.com']?.hostId === 'cloud');
await ask('cloud', 'PATCH', `/api/agents/${oberon.body.agent?.id}/email/addresses/oberon@juan.23smartagents.com`, {
  displayName: 'Oberon, king of the fairies',
});
const returned = [...BORN, 'agent.email.changed'];
await gateway.until(() => eventsOf('oberon').length >= returned.length);
expect('the gateway on mac hears of cloud again, and of nothing twice', eventsOf('oberon').join() === returned.join());

tell('The agent on mac is deleted: its address is free, the gateway hears of it, and oberon may have it now.');
const gone = await ask('mac', 'DELETE', `/api/agents/${titaniaId}`);
expect('it was deleted', gone.status === 200);
const moved = await ask('cloud', 'POST', `/api/agents/${oberon.body.agent?.id}/email/addresses`, {
  address: 'titania@23blocks.23smartagents.com',
});
expect('the address has a new owner', moved.status === 201);
const ended = [...BORN, 'agent.email.changed', 'agent.deleted'];
await gateway.until(() => eventsOf('23blocks-iac').length >= ended.length);
expect('the gateway heard of the removal', eventsOf('23blocks-iac').join() === ended.join());

tell('All hosts stop on SIGTERM.');
const codes = await Promise.all(mesh.hosts.map((host) => host.stop()));
expect(
  'each ended cleanly',
  codes.every((code) => code === 0),
);

concludes();

interface Answer {
  readonly status: number;
  readonly body: {
    readonly agent?: { readonly id: string };
    readonly claimedBy?: { readonly agentName: string; readonly hostId: string };
    readonly emails?: Readonly<Record<string, { readonly hostId: string }>>;
    readonly meta?: { readonly hostsSucceeded: number; readonly hostsFailed: readonly string[] };
  };
}

/** What the gateway was told of an agent, in the order in which it came. */
function eventsOf(name: string): readonly string[] {
  return gateway.events.filter(({ body }) => body.agent.name === name).map(({ body }) => body.event);
}

async function ask(host: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { url } = mesh.host(host);
  console.log(`  ${host.padEnd(5)} ${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
  const init =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(url + path, { method, ...init });
  const answer = { status: response.status, body: (await response.json()) as Answer['body'] };
  console.log(`        ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}
