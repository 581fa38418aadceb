// The house's own rules, held against the code: which room may know which, what `mesh/` may not touch, how long a file may be.
// Longer than 300 lines: a third of it is the table of arrows, and who adds a room reads its rules beside it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const LINES_MAX = 300;
const FUNCTION_LINES_MAX = 50;
/** In the opening comment of a file that is longer, before the reason. */
const LONGER = `Longer than ${LINES_MAX} lines`;
const ROOT = join(import.meta.dirname, '..');

interface Source {
  readonly path: string;
  readonly text: string;
}

const sourcesIn = (folder: string): Source[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') }));

const SOURCES = ['mesh', 'node', 'scripts'].flatMap(sourcesIn);
const TESTS = sourcesIn('test');

/** Files of this project that a file imports, as paths from the root. */
function importsOf({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) =>
    String(specifier),
  );
  return specifiers.map((specifier) => normalize(join(dirname(path), specifier)));
}

/** What every room of the node may import besides: it knows no other room. */
const MACHINE = 'node/machine/';

/** What every room of the mesh may know. */
const MESH_ROOT = [
  ...[
    'errors',
    'hosts-json',
    'invariant',
    'limits',
    'name-schemas',
    'names',
    'owner',
    'packed-texts',
    'peer-silence',
    'ports',
    'roster',
    'uuid',
  ].map((name) => `mesh/${name}.ts`),
  'mesh/json/',
];
/**
 * What every room of the send module may know: the message, its states and records, the port that sends it, through which account,
 * and what a server replies.
 */
const SEND_ROOT = [
  'account',
  'header-text',
  'limits',
  'log-page',
  'mailer',
  'message',
  'message-records',
  'message-states',
  'reply-codes',
].map((name) => `node/send/${name}.ts`);

/** What every room of the API may know: a request's parts, the door for what it holds, refusals. */
const HTTP_ROOT = [
  'address-group',
  'agent-cursor',
  'client-address',
  'errors',
  'input',
  'methods',
  'paths',
  'query',
  'raw-headers',
  'shell',
].map((name) => `node/http/${name}.ts`);

/** What every room of the mailbox may know: a mail, an inbox, their bounds. */
const MAILBOX_ROOT = [
  'api-key',
  'domain',
  'domain-body',
  'domain-records',
  'draft',
  'event',
  'inbox',
  'label',
  'label-event',
  'lease',
  'lease-question',
  'list',
  'list-decision',
  'list-entry',
  'ingest-question',
  'report',
  'loop-brake',
  'mail-archive',
  'mail-bodies',
  'mbox',
  'message',
  'metric',
  'outgoing-mail',
  'overview',
  'permission',
  'pod',
  'question-port',
  'questions',
  'recipient-question',
  'retention',
  'search-question',
  'search-text',
  'scope',
  'stored-mail',
  'unsubscribe',
].map((name) => `node/mailbox/${name}.ts`);

/** What each room may import, the first that fits. Everything else is refused. */
const ARROWS: readonly (readonly [room: string, may: readonly string[]])[] = [
  ['mesh/address/', ['mesh/address/', ...MESH_ROOT]],
  ['mesh/signature/', ['mesh/signature/', ...MESH_ROOT]],
  ['mesh/time/', ['mesh/time/', ...MESH_ROOT]],
  // Who speaks is proven once, and then every frame is.
  ['mesh/channel/', ['mesh/channel/', 'mesh/signature/', ...MESH_ROOT]],
  // Who gets in is proven by a token, in the way that channels are opened.
  ['mesh/admission/', ['mesh/admission/', 'mesh/channel/', 'mesh/signature/', ...MESH_ROOT]],
  ['mesh/json/', ['mesh/json/', 'mesh/time/', ...MESH_ROOT]],
  ['mesh/lookup/', ['mesh/lookup/', 'mesh/address/', 'mesh/time/', ...MESH_ROOT]],
  // What is followed are the rows of the index that look-ups ask for.
  ['mesh/feed/', ['mesh/feed/', 'mesh/lookup/', 'mesh/signature/', 'mesh/time/', ...MESH_ROOT]],
  // The paper's own parts: a register knows of no mesh, no operation and no registry.
  ['mesh/register/', ['mesh/register/', ...MESH_ROOT]],
  // One state machine in floors: each works on what is below it, and none knows of what is above.
  ['mesh/state/', ['mesh/state/', 'mesh/register/', 'mesh/json/', ...MESH_ROOT]],
  ['mesh/operations/', ['mesh/operations/', 'mesh/state/', 'mesh/register/', ...MESH_ROOT]],
  ['mesh/membership/', ['mesh/membership/', 'mesh/operations/', 'mesh/state/', 'mesh/register/', ...MESH_ROOT]],
  [
    'mesh/claims/',
    [
      'mesh/claims/',
      'mesh/membership/',
      'mesh/operations/',
      'mesh/state/',
      'mesh/register/',
      'mesh/time/',
      ...MESH_ROOT,
    ],
  ],
  // It keeps claims without a register, and without voters of this mesh.
  ['mesh/engine/', ['mesh/engine/', 'mesh/state/', 'mesh/time/', ...MESH_ROOT]],
  ['mesh/', MESH_ROOT],
  ['node/main.ts', ['node/', 'mesh/']],
  ['node/command.ts', ['node/', 'mesh/']],
  ['node/serve.ts', ['node/', 'mesh/']],
  ['node/node.ts', ['node/', 'mesh/']],
  ['node/node-ports.ts', ['node/', 'mesh/']],
  // Above the rooms that they put together, below the root, which lists them.
  ['node/modules/', ['node/', 'mesh/']],
  [
    'node/mesh-module.ts',
    ['node/claims.ts', 'node/mesh-events.ts', 'node/peers/', 'node/registry/', 'node/store/', 'node/log.ts', 'mesh/'],
  ],
  // Who may ask, judged before any route is looked for; and what every room of the API may know besides.
  ['node/http/gate/', ['node/http/gate/', ...HTTP_ROOT, 'node/keys/', 'node/settings.ts', 'mesh/']],
  ['node/http/streams/', ['node/http/streams/', ...HTTP_ROOT, 'node/changes/', 'mesh/']],
  ['node/http/send/', ['node/http/send/', ...HTTP_ROOT, 'node/send/attachments/', 'node/send/limits.ts', 'mesh/']],
  [
    'node/http/lookup/',
    ['node/http/lookup/', 'node/http/gate/', 'node/http/streams/', ...HTTP_ROOT, 'node/registry/', 'mesh/'],
  ],
  ['node/http/peers/', ['node/http/peers/', 'node/http/gate/', ...HTTP_ROOT, 'node/peers/', 'node/log.ts', 'mesh/']],
  // The connection's side: what it hands over before the application, it hands to these two.
  [
    'node/http/server/',
    [
      'node/http/server/',
      'node/http/lookup/short-look-up.ts',
      'node/http/peers/channel-upgrade.ts',
      ...HTTP_ROOT,
      'node/setting-values.ts',
      'mesh/',
    ],
  ],
  [
    'node/http/',
    [
      'node/http/',
      'node/changes/',
      'node/registry/',
      'node/webhooks/delivery/delivery-view.ts',
      'node/webhooks/delivery/signature.ts',
      'node/webhooks/custom-headers.ts',
      'node/webhooks/secrets.ts',
      'node/webhooks/subscription-view.ts',
      'node/webhooks/webhooks.ts',
      'node/send/agent-tools.ts',
      'node/send/limits.ts',
      'node/send/log-page.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/send/request/request.ts',
      'node/send/attachments/',
      'node/send/bounces/',
      'node/validation/',
      'node/backup/backups.ts',
      'node/compat/',
      'node/keys/',
      'node/admission/',
      'node/conflicts/',
      'node/feed/feed-server.ts',
      'node/feed/host-follower.ts',
      'node/feed/relay-server.ts',
      'node/peers/',
      'node/log.ts',
      'node/setting-values.ts',
      'node/settings.ts',
      'mesh/',
    ],
  ],
  // For browsers: it asks what the routes ask, and nothing but the modules knows of it.
  [
    'node/page/',
    [
      'node/page/',
      'node/http/',
      'node/changes/',
      'node/registry/',
      'node/webhooks/delivery/delivery-view.ts',
      'node/webhooks/subscription-view.ts',
      'node/webhooks/webhooks.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/conflicts/',
      'node/feed/copy.ts',
      'node/peers/heartbeat/presence.ts',
      'node/log.ts',
      'node/settings.ts',
      'mesh/',
    ],
  ],
  [MACHINE, ['mesh/']],
  [
    'node/conflicts/',
    ['node/conflicts/', 'node/registry/', 'node/store/', 'node/mesh-events.ts', 'node/log.ts', 'mesh/'],
  ],
  ['node/admission/', ['node/admission/', 'node/store/', 'node/log.ts', 'mesh/']],
  // Makes a data directory before there is a node.
  [
    'node/setup/',
    [
      'node/setup/',
      'node/admission/',
      'node/peers/keys/hello.ts',
      'node/store/',
      'node/system/host-key.ts',
      'node/defaults.ts',
      'node/setting-values.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/background-work.ts', ['node/store/refusals.ts', 'mesh/']],
  ['node/keys/', ['node/keys/', 'node/store/', 'mesh/']],
  ['node/compat/', ['node/compat/', 'mesh/']],
  ['node/forward/', ['node/forward/', 'node/webhooks/guard/', 'mesh/']],
  // It knows which records of which room are secrets, and which must not come back as they were.
  [
    'node/backup/',
    [
      'node/backup/',
      'node/admission/invitations.ts',
      'node/changes/change-records.ts',
      'node/changes/log-end.ts',
      'node/keys/key-records.ts',
      'node/mailbox/store/database-copy.ts',
      'node/registry/',
      'node/send/message.ts',
      'node/send/message-records.ts',
      'node/store/',
      'node/system/host-key.ts',
      'node/webhooks/delivery/signature.ts',
      'node/webhooks/webhook-records.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/claims.ts', ['node/store/', 'node/log.ts', 'mesh/']],
  ['node/feed/', ['node/feed/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/registry/', ['node/registry/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/changes/', ['node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  // Receivers import it by itself, so it can know nothing of a node.
  ['node/webhooks/receiver/', ['node/webhooks/receiver/']],
  ['node/webhooks/guard/', ['node/webhooks/guard/', 'node/webhooks/limits.ts', 'mesh/']],
  // Below the deliveries: when an attempt is made again, what is written, in which order, and how it is sent.
  ['node/webhooks/schedule/', ['node/webhooks/schedule/', 'mesh/']],
  [
    'node/webhooks/records/',
    [
      'node/webhooks/records/',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/webhooks/lanes/',
    [
      'node/webhooks/lanes/',
      'node/webhooks/records/',
      'node/webhooks/schedule/',
      'node/webhooks/epochs.ts',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'mesh/',
    ],
  ],
  [
    'node/webhooks/sender/',
    ['node/webhooks/sender/', 'node/webhooks/schedule/', 'node/webhooks/guard/', 'node/webhooks/limits.ts', 'mesh/'],
  ],
  [
    'node/webhooks/delivery/',
    [
      'node/webhooks/delivery/',
      'node/webhooks/lanes/',
      'node/webhooks/records/',
      'node/webhooks/schedule/',
      'node/webhooks/sender/sender.ts',
      'node/webhooks/guard/',
      'node/webhooks/limits.ts',
      'node/webhooks/epochs.ts',
      'node/webhooks/secrets.ts',
      'node/webhooks/webhook-records.ts',
      'node/changes/',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/webhooks/', ['node/webhooks/', 'node/changes/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/send/attachments/', ['node/send/attachments/', ...SEND_ROOT, 'node/log.ts', 'mesh/']],
  ['node/send/accounts/', ['node/send/accounts/', ...SEND_ROOT, 'node/secret.ts', 'mesh/']],
  ['node/send/bounces/', ['node/send/bounces/', ...SEND_ROOT, 'node/store/', 'node/log.ts', 'mesh/']],
  [
    'node/send/request/',
    [
      'node/send/request/',
      'node/send/attachments/',
      'node/send/account.ts',
      'node/send/send-service.ts',
      ...SEND_ROOT,
      'mesh/',
    ],
  ],
  [
    'node/send/smtp/',
    [
      'node/send/smtp/',
      'node/send/attachments/content-type.ts',
      'node/send/account.ts',
      ...SEND_ROOT,
      'node/secret.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/send/queue/',
    [
      'node/send/queue/',
      'node/send/accounts/',
      'node/send/attachments/',
      'node/send/bounces/',
      ...SEND_ROOT,
      'node/changes/change-log.ts',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  // Below the rooms of the module, which all know them: an arrow from here into one of those rooms would close a circle of rooms.
  ...SEND_ROOT.map(
    (path) => [path, [...SEND_ROOT, 'node/changes/change-log.ts', 'node/secret.ts', 'node/store/', 'mesh/']] as const,
  ),
  ['node/send/agent-tools.ts', ['node/send/request/', 'node/send/limits.ts', 'node/validation/', 'mesh/']],
  ['node/send/', ['node/send/', 'node/changes/change-log.ts', 'node/store/', 'node/log.ts', 'mesh/']],
  // Workers import it by itself, so it can know nothing of a node.
  ['node/mailbox/worker/', ['node/mailbox/worker/']],
  // Parsing, threading and storing know each other by the types of a mail alone.
  ['node/mailbox/text/', ['node/mailbox/text/', ...MAILBOX_ROOT, 'mesh/']],
  ['node/mailbox/threads/', ['node/mailbox/threads/', ...MAILBOX_ROOT, 'mesh/']],
  [
    'node/mailbox/store/query-worker.ts',
    ['node/mailbox/store/', 'node/mailbox/text/', 'node/mailbox/http/mail-octets.ts', ...MAILBOX_ROOT, 'mesh/'],
  ],
  ['node/mailbox/store/', ['node/mailbox/store/', ...MAILBOX_ROOT, 'mesh/']],
  [
    'node/mailbox/intake/',
    [
      'node/mailbox/intake/',
      'node/mailbox/store/',
      'node/mailbox/text/',
      'node/mailbox/threads/',
      'node/mailbox/disk-room.ts',
      ...MAILBOX_ROOT,
      'node/system/clock.ts',
      'node/system/random.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  // For browsers: what it adds to the page of the node, which knows nothing of it.
  [
    'node/mailbox/page/',
    ['node/mailbox/', 'node/page/', 'node/http/errors.ts', 'node/http/input.ts', 'node/send/message.ts', 'mesh/'],
  ],
  [
    'node/mailbox/',
    [
      'node/mailbox/',
      'node/changes/change-log.ts',
      'node/http/client-address.ts',
      'node/http/input.ts',
      'node/http/paths.ts',
      'node/http/send/',
      'node/keys/key-text.ts',
      'node/metrics/measure.ts',
      'node/registry/agent.ts',
      'node/registry/registry.ts',
      'node/store/',
      // A webhook of AgentMail's clients is one of the node, in another form.
      'node/webhooks/',
      'node/mailbox-settings.ts',
      // What it sends goes by the send module, and is checked and composed by the same rules.
      'node/send/attachments/',
      'node/send/bounces/bounce-report.ts',
      'node/send/request/',
      'node/send/smtp/composer.ts',
      // A domain that somebody brings has a key that signs what is sent from it.
      'node/send/account.ts',
      'node/secret.ts',
      'node/send/header-text.ts',
      'node/send/limits.ts',
      'node/send/message.ts',
      'node/send/send-service.ts',
      'node/webhooks/guard/connector.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/validation/', ['node/validation/', 'mesh/']],
  // It stands before ports of other rooms, and none of them knows of it.
  [
    'node/metrics/',
    [
      'node/metrics/',
      'node/send/mailer.ts',
      'node/store/commits/log-disk.ts',
      'node/webhooks/sender/sender.ts',
      'mesh/',
    ],
  ],
  // Programs of their own, which talk to a running node over HTTP.
  ['node/cli/', ['node/cli/', 'node/mailbox/mbox.ts', 'node/send/agent-tools.ts', 'node/log.ts', 'mesh/']],
  // A program of its own that looks at everything from outside, with the parts that a node is made of.
  [
    'node/doctor/',
    [
      'node/doctor/',
      'node/cli/',
      'node/dns/',
      'node/peers/',
      'node/secret.ts',
      'node/send/account.ts',
      'node/send/accounts/',
      'node/send/smtp/',
      'node/settings.ts',
      'node/store/schema.ts',
      'node/system/',
      'node/validation/deliverability.ts',
      'mesh/',
    ],
  ],
  ['node/store/', ['node/store/', 'node/log.ts', 'mesh/']],
  // Who a peer is, below how it is reached, below what is said to it.
  ['node/peers/keys/', ['node/peers/keys/', 'node/peers/forgotten-hosts.ts', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/peers/connections/', ['node/peers/connections/', 'node/peers/keys/', 'node/dns/', 'mesh/']],
  [
    'node/peers/channel/',
    ['node/peers/channel/', 'node/peers/connections/', 'node/peers/keys/', 'node/log.ts', 'mesh/'],
  ],
  [
    'node/peers/legacy/',
    [
      'node/peers/legacy/',
      'node/peers/keys/',
      'node/peers/forgotten-hosts.ts',
      'node/peers/introductions.ts',
      'node/store/',
      'node/log.ts',
      'mesh/',
    ],
  ],
  [
    'node/peers/heartbeat/',
    [
      'node/peers/heartbeat/',
      'node/peers/legacy/',
      'node/peers/keys/',
      'node/peers/introductions.ts',
      'node/log.ts',
      'mesh/',
    ],
  ],
  ['node/peers/', ['node/peers/', 'node/dns/', 'node/store/', 'node/log.ts', 'mesh/']],
  ['node/engines/', ['node/engines/', 'node/dns/', 'node/secret.ts', 'mesh/']],
  ['node/dns/', ['node/dns/', 'node/validation/deliverability.ts', 'mesh/']],
  // The real side of ports, each beside the type of its port.
  [
    'node/system/',
    [
      'node/system/',
      'node/store/',
      'node/log.ts',
      'node/send/attachments/blob-shares.ts',
      'node/send/attachments/blob-store.ts',
      'node/send/accounts/access-tokens.ts',
      'node/send/limits.ts',
      'mesh/',
    ],
  ],
  ['node/mailbox-settings.ts', ['node/setting-values.ts', 'mesh/']],
  ['node/setting-values.ts', ['node/defaults.ts', 'node/secret.ts', 'node/webhooks/guard/allow-list.ts', 'mesh/']],
  [
    'node/settings.ts',
    [
      'node/defaults.ts',
      'node/mailbox-settings.ts',
      'node/setting-values.ts',
      'node/secret.ts',
      'node/webhooks/guard/allow-list.ts',
      'mesh/',
    ],
  ],
  ['node/', ['node/log.ts', 'node/secret.ts', 'mesh/']],
  ['scripts/', ['scripts/', 'node/', 'mesh/', 'test/support/']],
];

describe('the arrows between the rooms', () => {
  it.each(SOURCES.map((source) => [source.path, source] as const))(
    '%s imports only what its room may know',
    (path, source) => {
      const own = ARROWS.find(([room]) => path.startsWith(room))?.[1] ?? [];
      const may = path.startsWith('node/') ? [...own, MACHINE] : own;
      const strangers = importsOf(source).filter((target) => !may.some((allowed) => target.startsWith(allowed)));
      expect(
        strangers,
        `${path} may import from ${may.join(', ')}. Hand the rest in as a parameter, or move the code to the room that knows it.`,
      ).toEqual([]);
    },
  );
});

describe('what imports what', () => {
  it('goes in no circle, types included', () => {
    const imports = new Map(['mesh', 'node'].flatMap(sourcesIn).map((source) => [source.path, importsOf(source)]));
    expect(
      circleIn(imports),
      'Move what both need into a file below them, or hand it in as a parameter. Types are imports too: they say what a file must know.',
    ).toEqual([]);
  });

  it('is seen to go in a circle when it does', () => {
    const imports = { a: ['b'], b: ['c', 'd'], c: [], d: ['e', 'b'], e: [] };
    expect(circleIn(new Map(Object.entries(imports)))).toEqual(['b', 'd', 'b']);
  });
});

/** The first circle that is found, from a file back to it; empty when there is none. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): readonly string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const circle = walk(next, [...way, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of imports.keys()) {
    const circle = walk(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

describe('a limits.ts', () => {
  it('keeps what several files go by, and nothing that one file could keep itself', () => {
    const imports = SOURCES.map((source) => [source, importsOf(source)] as const);
    const owned = SOURCES.filter(({ path }) => path.endsWith('/limits.ts')).flatMap(({ path, text }) =>
      [...text.matchAll(/^export const (\w+)/gm)].flatMap(([, name = '']) => {
        const users = imports.filter(
          ([source, targets]) => targets.includes(path) && new RegExp(`\\b${name}\\b`).test(source.text),
        );
        return users.length > 1 ? [] : [`${name} of ${path}: ${users.map(([source]) => source.path).join()}`];
      }),
    );
    expect(owned, 'Put the number into the file that goes by it: whoever wants to change it looks there.').toEqual([]);
  });
});

describe('mesh/ is pure', () => {
  const AMBIENT: readonly (readonly [pattern: RegExp, instead: string])[] = [
    [/\bDate\.now\(|new Date\(\)|performance\.now\(/, 'take a Clock'],
    [/\bMath\.random\(|randomBytes|randomUUID|getRandomValues/, 'take a Random'],
    [/\bset(?:Timeout|Interval|Immediate)\(/, 'take a Clock, or set an alarm (time/alarms.ts)'],
    [/\bconsole\./, 'return what is worth saying; the node logs it'],
    [/\bprocess\./, 'take what you need of the process as a parameter'],
    [/from 'node:(?!crypto')/, 'only computations of node:crypto are pure; take a port for the rest'],
    [/\bfetch\(|from 'undici'/, 'take a PeerTransport'],
  ];
  it.each(sourcesIn('mesh').map((source) => [source.path, source] as const))(
    '%s touches no clock, chance, socket, file or console',
    (path, { text }) => {
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const found = AMBIENT.flatMap(([pattern, instead]) =>
        pattern.test(code) ? [`${pattern.exec(code)?.[0]}: ${instead}`] : [],
      );
      expect(found, path).toEqual([]);
    },
  );

  it.each(sourcesIn('mesh').map((source) => [source.path, source.text] as const))(
    '%s opens with what it is and does not promise',
    (_, text) => {
      const opening = text.split('\n').findIndex((line) => !line.startsWith('//'));
      expect(
        opening,
        'Open the file with 1 to 8 lines of comment: which mechanism, why, what it does not promise.',
      ).toBeGreaterThanOrEqual(1);
      expect(opening).toBeLessThanOrEqual(8);
    },
  );
});

describe('a wait', () => {
  /** What really waits, and a sign of life in a terminal, which bounds nothing. */
  const TIMERS = ['node/system/clock.ts', 'node/system/line-sink.ts', 'node/cli/shell-terminal.ts'];
  it('is one of the injected clock, so that a test sees each time limit', () => {
    const raw = sourcesIn('node').flatMap(({ path, text }) =>
      [...text.matchAll(/(?<!\.)\bset(?:Timeout|Interval)\(|\bAbortSignal\.timeout\(|from 'node:timers'/g)].map(
        ([found]) => `${path}: ${found}`,
      ),
    );
    expect(
      raw.filter((one) => !TIMERS.some((path) => one.startsWith(path))),
      'Take a Clock, and mesh/time/deadline.ts: startDeadline for work, afterMs for what is to end.',
    ).toEqual([]);
  });
});

describe('node/send knows files and the network by ports alone', () => {
  /** What is only computed, or is a type, needs no port. */
  const PURE = ['isIP'];
  it.each(sourcesIn('node/send').map((source) => [source.path, source.text] as const))(
    '%s opens no file and no connection',
    (path, text) => {
      const imports = [
        ...text.matchAll(
          /^import (?!type )([^;]*?) from '(node:fs(?:\/promises)?|node:net|node:tls|node:https?|undici)'/gm,
        ),
      ];
      const touched = imports.flatMap(([, names = '', module]) =>
        names
          .replace(/[{}]/g, '')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '' && !name.startsWith('type ') && !PURE.includes(name))
          .map((name) => `${name} of ${module}`),
      );
      expect(touched, `${path}: take a port; its real side is made in node/system or node/machine.`).toEqual([]);
    },
  );
});

describe('the process', () => {
  it('is touched by the command alone', () => {
    const touching = sourcesIn('node').filter(
      ({ path, text }) =>
        path !== 'node/main.ts' &&
        path !== 'node/command.ts' &&
        /\bprocess\.(?:env|exit|on|once|argv|stdout|stderr)\b/.test(text),
    );
    expect(
      touching.map(({ path }) => path),
      'Take what you need as a parameter, from command.ts.',
    ).toEqual([]);
  });
});

describe('what changes while the program runs', () => {
  /** A thread's own program: what it opens lives as long as the thread. */
  const PROGRAMS = ['node/store/worker.ts'];
  it('is kept by an object that is handed in, and not by a module', () => {
    const kept = ['mesh', 'node']
      .flatMap(sourcesIn)
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^(?:export )?(?:let .*|const .* = new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\);)$/gm)].map(
          ([line]) => `${path}: ${line}`,
        ),
      );
    expect(
      kept.filter((line) => !PROGRAMS.some((path) => line.startsWith(path))),
      'Two nodes in one process share a module: make it a field of an object.',
    ).toEqual([]);
  });
});

describe('what an error shows a client', () => {
  it('is read where it is shown, and nowhere else', () => {
    const readers = SOURCES.filter(
      ({ path, text }) =>
        path !== 'node/http/errors.ts' && path !== 'mesh/errors.ts' && /[\w)\]]\??\.extra\b/.test(text),
    );
    expect(
      readers.map(({ path }) => path),
      'Return a value that says what the outcome was: `extra` is for the client, and a flag in it is missed by the types.',
    ).toEqual([]);
  });
});

describe('a file', () => {
  const lengthOf = (text: string) => text.trimEnd().split('\n').length;
  const openingOf = (text: string) => /^(?:\/\/.*\n)*/.exec(text)?.[0] ?? '';

  it.each(
    [...SOURCES, ...TESTS]
      .filter(({ text }) => lengthOf(text) > LINES_MAX)
      .map((source) => [source.path, source] as const),
  )('%s says at its top why it is longer than a file may be', (path, { text }) => {
    expect(
      openingOf(text),
      `${path} has ${lengthOf(text)} lines, and is probably two things: split it by mechanism, or say "${LONGER}: …" in its opening comment.`,
    ).toContain(LONGER);
  });

  it('is named for what it is', () => {
    const vague = SOURCES.filter(({ path }) =>
      /(?:^|\/)(?:utils?|helpers?|common|misc|index|types)(?:\/|\.ts$)/.test(path),
    );
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  it('is named by a noun, not for what it is doing', () => {
    const NOUNS = ['greeting'];
    const doing = SOURCES.filter(({ path }) => {
      const [, word = ''] = /([a-z]+ing)\.ts$/.exec(path) ?? [];
      return word !== '' && !NOUNS.includes(word);
    });
    expect(
      doing.map(({ path }) => path),
      'Name the file for what is in it: `vote-count.ts`, not `counting.ts`.',
    ).toEqual([]);
  });
});

describe('a function', () => {
  it('fits a screen', () => {
    // Not those of suites: what they describe is read case by case.
    const helpers = TESTS.filter(({ path }) => path.startsWith('test/support/'));
    const long = [...SOURCES, ...helpers].flatMap(({ path, text }) =>
      functionsIn(text)
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => `${path}:${line} has ${lines} lines`),
    );
    expect(long, 'Keep the branches, and move straight work into functions of its own.').toEqual([]);
  });

  it('is seen with its head, its body and what it closes with', () => {
    const text = [
      'export async function long(',
      '  one: string,',
      '): Promise<void> {',
      '  if (one) {',
      '    go();',
      '  }',
      '  const inner = () => {',
      '    go();',
      '  };',
      '}',
    ];
    expect(functionsIn(text.join('\n'))).toEqual([
      { line: 1, lines: 10 },
      { line: 7, lines: 3 },
    ]);
  });
});

describe('a docstring', () => {
  it('names what it is about', () => {
    const decoded = SOURCES.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /\/\*\*\s+(?:\* )?(The same|Its?|They|Their|Those (?!of|who)|These|That|This and|As|Whose|Of|All (?:of (?:it|them)|is)|Both|Also|Up to here|Under which|Until when)\b.*/g,
        ),
      ].map(({ 0: words, index }) => `${path}:${text.slice(0, index).split('\n').length} ${words}`),
    );
    expect(
      decoded,
      'Begin with a noun, or a verb of which this is the subject: a reader sees these words alone.',
    ).toEqual([]);
  });
});

/** Functions, methods and callbacks with a body of their own, as the formatter writes them. */
function functionsIn(text: string): { readonly line: number; readonly lines: number }[] {
  const rows = text.split('\n');
  const depthOf = (row = '') => row.search(/\S/);
  return rows.flatMap((row, index) => {
    const opens =
      /(?:\)|\)(?:: [^=]+)|=>) \{$/.test(row) && !/^\s*(?:\} )?(?:if|else|for|while|switch|catch)\b/.test(row);
    if (!opens) return [];
    const depth = depthOf(row);
    let head = index;
    // The closing bracket of a head that takes several lines stands where that head began.
    if (row.trimStart().startsWith(')'))
      do head -= 1;
      while (depthOf(rows[head]) !== depth);
    const end = rows.findIndex((other, at) => at > index && depthOf(other) === depth);
    return [{ line: head + 1, lines: end - head + 1 }];
  });
}
