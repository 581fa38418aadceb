import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addClientCommands } from '../../../node/cli/client-commands.ts';
import { readMeasures } from '../../../node/cli/measures.ts';
import { createNodeClient } from '../../../node/cli/node-client.ts';
import { PLAIN } from '../../../node/cli/report.ts';
import { serveApp } from '../../support/loopback.ts';
import { silentServer } from '../../support/silent-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** `mesh WORDS` with that token, and what it says. */
async function typed(token: string, ...words: readonly string[]): Promise<readonly unknown[]> {
  const said: unknown[] = [];
  const program = new Command('mesh');
  addClientCommands(program, {
    ...{
      url: 'http://127.0.0.1:1',
      token,
      clock: new VirtualClock(),
      stop: new AbortController().signal,
      paint: PLAIN,
    },
    ...{ print: (text) => said.push(text), printJson: () => undefined, complain: (text) => said.push(text) },
    ...{ end: (code) => said.push(code), wait: () => () => undefined },
  });
  await program.parseAsync(['node', 'mesh', ...words]);
  return said;
}

/** `mesh hosts list --url URL` where the data directory is that of `own`. */
async function hostsListed(url: string, own: { readonly url: string; readonly token: string }): Promise<void> {
  const program = new Command('mesh');
  addClientCommands(program, {
    ...{
      url: own.url,
      own,
      token: undefined,
      clock: new VirtualClock(),
      stop: new AbortController().signal,
      paint: PLAIN,
    },
    ...{ print: () => undefined, printJson: () => undefined, complain: () => undefined },
    ...{ end: () => undefined, wait: () => () => undefined },
  });
  await program.parseAsync(['node', 'mesh', 'hosts', 'list', '--url', url]);
}

describe('the node of the data directory', () => {
  it('is shown its token at its URL, however that ends, and at no other', async () => {
    const shown: (string | null)[] = [];
    const fetch = (request: Request) => {
      shown.push(request.headers.get('authorization'));
      return Response.json({ hosts: [] });
    };
    await using server = await serveApp({ fetch });
    const other = server.url.replace('127.0.0.1', 'localhost');
    for (const url of [server.url, `${server.url}/`, other]) await hostsListed(url, { url: server.url, token: 'own' });
    expect(shown).toEqual(['Bearer own', 'Bearer own', null]);
  });
});

describe('a token that no header can carry', () => {
  it.each(['0123456789abcdef\r', 'of two words', 'mit-Umlaut-ä-und-mehr'])(
    '%j is not blamed on the node',
    async (token) => {
      const said = [expect.stringMatching(/^mesh: The token that is set .* has a character that no token has/), 1];
      for (const words of [['status'], ['backup', 'there-is-none.tar']])
        expect(await typed(token, ...words)).toEqual(said);
    },
  );
});

describe('a node that says nothing', () => {
  it('is given up by a command after a minute, in a sentence', async () => {
    await using server = await silentServer();
    const clock = new VirtualClock();
    const asking = createNodeClient({ url: server.url, clock })('GET', '/api/hosts');
    await expect(server.outcomeAfter(asking, clock, 60_000)).rejects.toThrow(
      `The node at ${server.url} does not answer (no answer within 60 s). Is it running?`,
    );
    expect(clock.sleepers).toBe(0);
  });

  it('is given up at once when the command is to stop', async () => {
    await using server = await silentServer();
    const [clock, stop] = [new VirtualClock(), new AbortController()];
    const asking = createNodeClient({ url: server.url, clock, stop: stop.signal })('GET', '/api/hosts');
    stop.abort(new Error('Ctrl-C'));
    await expect(asking).rejects.toThrow('Ctrl-C');
  });

  it('is given up after a minute when it is asked for its measures', async () => {
    await using server = await silentServer();
    const clock = new VirtualClock();
    const asking = readMeasures({ url: server.url, clock });
    await expect(server.outcomeAfter(asking, clock, 60_000)).rejects.toThrow('no answer within 60 s');
  });

  it('is not reached for `hosts check` after five seconds', async () => {
    await using silent = await silentServer();
    const own = Response.json({ hosts: [{ id: 'mini', url: silent.url, status: 'online', key: { state: 'pinned' } }] });
    await using server = await serveApp({ fetch: () => own });
    const clock = new VirtualClock();
    const lines: string[] = [];
    const program = new Command('mesh');
    addClientCommands(program, {
      ...{ url: server.url, token: undefined, clock, stop: new AbortController().signal, paint: PLAIN },
      ...{ print: (text) => lines.push(text), printJson: () => undefined, complain: (text) => lines.push(text) },
      ...{ end: () => undefined, wait: () => () => undefined },
    });
    await silent.outcomeAfter(program.parseAsync(['node', 'mesh', 'hosts', 'check']), clock, 5_000);
    expect(lines.join().replaceAll('\n', ' ')).toMatch(/not reached.*no answer within 5 s/);
  });
});
