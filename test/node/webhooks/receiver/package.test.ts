// What a receiver imports, from the package as it is installed: plain JavaScript that any Node can run, with types, and nothing beside it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payloadOf, type Told } from '../../../../node/changes/payload.ts';
import { PreparedKeys, signedHeaders } from '../../../../node/webhooks/delivery/signature.ts';
import { installPackage } from '../../../support/installed-package.ts';

const run = promisify(execFile);
/** Only ends a test that hangs. */
const PACK_MS_MAX = 60_000;
const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const TOLD: Told = {
  ...{ id: 'msg_1', event: 'agent.created', timestamp: '2026-01-27T12:00:00.000Z', sequence: 1 },
  agent: { id: 'a-1', name: 'iac', hostId: 'mac' },
  changes: { added: [], removed: [], modified: [], current: [] },
};
const body = payloadOf(TOLD);
const SECRET = 'shared-secret-for-hmac';
const SIGNED_SECONDS = 1_769_515_200;
const headers = signedHeaders(
  {
    ...{ secrets: [SECRET], subscriptionId: 'sub-1', told: TOLD, body, timestampSeconds: SIGNED_SECONDS, attempt: 1 },
  },
  new PreparedKeys(),
);
const GIVEN = JSON.stringify({
  headers,
  body: new TextDecoder().decode(body),
  secret: SECRET,
  nowMs: SIGNED_SECONDS * 1_000,
});
const CALL = `verifyDelivery(given.headers, given.body, given.secret, { nowMs: given.nowMs }).then((event) => console.log(event.type))`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'installed-package-'));
  await installPackage(directory);
}, PACK_MS_MAX);
afterAll(() => rm(directory, { recursive: true, force: true }));

async function runFile(name: string, code: string, ...flags: readonly string[]): Promise<string> {
  await writeFile(join(directory, name), code);
  return (await run(process.execPath, [...flags, join(directory, name)], { cwd: directory })).stdout;
}

describe('the installed package', () => {
  it('verifies, imported by its name in a plain script', async () => {
    const code = `import { verifyDelivery } from 'agent-email-mesh/verify';\nconst given = ${GIVEN};\nawait ${CALL};\n`;
    expect(await runFile('receiver.mjs', code)).toBe('agent.created\n');
  });

  it('has the client of changes beside it', async () => {
    const code = `import * as changes from 'agent-email-mesh/changes';\nconsole.log(Object.keys(changes).join());\n`;
    expect(await runFile('listener.mjs', code)).toBe('ChangesRefused,createChangesClient\n');
  });

  it('is there for CommonJS as well', async () => {
    const code = `const { verifyDelivery } = require('agent-email-mesh/verify');\nconst given = ${GIVEN};\n${CALL};\n`;
    expect(await runFile('receiver.cjs', code)).toBe('agent.created\n');
  });

  it('needs nothing that Node, Deno, Workers and browsers do not all have', async () => {
    const source = join(directory, 'node_modules/agent-email-mesh/node/webhooks/receiver/verification.js');
    const code = `
      import { readFile } from 'node:fs/promises';
      import vm from 'node:vm';
      const { Uint8Array, ArrayBuffer } = globalThis;
      const context = vm.createContext({ crypto, TextEncoder, TextDecoder, atob, Uint8Array, ArrayBuffer });
      const module = new vm.SourceTextModule(await readFile(${JSON.stringify(source)}, 'utf8'), { context });
      await module.link((name) => { throw new Error('It imports ' + name + '.'); });
      await module.evaluate();
      const { verifyDelivery } = module.namespace;
      const given = ${GIVEN};
      await ${CALL};
    `;
    expect(await runFile('elsewhere.mjs', code, '--experimental-vm-modules', '--no-warnings')).toBe('agent.created\n');
  });

  it("has types, by which TypeScript knows an event by its 'type'", async () => {
    const compile = async (code: string) => {
      await writeFile(
        join(directory, 'receiver.ts'),
        `import { verifyDelivery } from 'agent-email-mesh/verify';\n${code}\n`,
      );
      const flags = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--lib',
        'es2022,dom',
        '--types',
        '',
      ];
      return run(process.execPath, [join(ROOT, 'node_modules/.bin/tsc'), ...flags, 'receiver.ts'], {
        cwd: directory,
      }).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
    };
    const of = (use: string) => `export async function receive(request: Request) {
      const event = await verifyDelivery(request.headers, await request.arrayBuffer(), ['one', 'other']);
      if (event.type === 'email.bounced') return ${use};
      return event.type === 'webhook.test' ? '' : event.sequence;
    }`;
    expect(await compile(of('event.email.subject'))).toBe('');
    expect(await compile(of('event.changes'))).toContain("'changes' does not exist");
  });

  it('shows nothing else of the node, and carries no tests', async () => {
    const code = `import('agent-email-mesh/node/node.ts').catch(({ code }) => console.log(code));\n`;
    expect(await runFile('inside.mjs', code)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    const { files } = JSON.parse(await readFile(join(directory, 'node_modules/agent-email-mesh/package.json'), 'utf8'));
    expect(files).toEqual([
      ...['dist', 'node/mesh.js', 'node/webhooks/receiver/*.js', 'node/webhooks/receiver/*.d.ts'],
      ...['node/mailbox/worker/*.js', 'node/mailbox/worker/*.d.ts', 'hosts.json'],
    ]);
  });
});
