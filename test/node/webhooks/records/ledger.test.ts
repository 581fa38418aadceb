import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../mesh/ports.ts';
import { Ledger } from '../../../../node/webhooks/records/ledger.ts';

function openLedger() {
  const commits: (readonly Write[])[] = [];
  const ledger = new Ledger({
    commit: async (writes) => {
      commits.push(writes);
    },
  });
  return { ledger, commits };
}

describe('a ledger', () => {
  it('writes everything marked in one turn in one commit, as it is at the end of the turn', async () => {
    const { ledger, commits } = openLedger();
    let cursor = 1;
    ledger.mark('cursor', () => cursor);
    const flushed = ledger.flush();
    cursor = 2;
    ledger.mark('lane', () => 'a');
    await Promise.all([flushed, ledger.flush()]);
    expect(commits).toEqual([
      [
        { key: 'cursor', value: 2 },
        { key: 'lane', value: 'a' },
      ],
    ]);
  });

  it('writes only what was marked since', async () => {
    const { ledger, commits } = openLedger();
    ledger.mark('one', () => 1);
    await ledger.flush();
    ledger.mark('two', () => undefined);
    await ledger.flush();
    expect(commits[1]).toEqual([{ key: 'two', value: undefined }]);
  });

  it('passes on that the store failed', async () => {
    const ledger = new Ledger({ commit: () => Promise.reject(new Error('no space left')) });
    await expect(ledger.flush()).rejects.toThrow('no space left');
  });
});
