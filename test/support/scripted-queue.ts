// What the tests of the queue script its servers with.
import type { ShipmentOutcome } from '../../node/send/mailer.ts';
import { account } from './mail.ts';
import { accepted, type Script } from './mail-world.ts';

export const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

export const TWO = { accounts: [account({ id: 'one' }), account({ id: 'two' })] };

/** Scripts one after the other; the last one for ever. */
export function inTurn(...scripts: readonly Script[]): Script {
  let turn = 0;
  return (shipment, signal) => {
    const script = scripts[Math.min(turn, scripts.length - 1)] ?? accepted;
    turn += 1;
    return script(shipment, signal);
  };
}

export const begun =
  (outcome: ShipmentOutcome | Script): Script =>
  async (shipment, signal) => {
    await shipment.begin();
    return typeof outcome === 'function' ? outcome(shipment, signal) : outcome;
  };

export const busy = begun(({ recipients }) => ({
  kind: 'answered',
  answers: recipients.map((address) => ({ address, verdict: 'deferred', code: 451, reply: '451 busy' })),
  tookMs: 1,
}));
