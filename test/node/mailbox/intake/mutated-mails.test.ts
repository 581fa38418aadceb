// The parser by itself, with mails that are broken in every way: it takes each of them, and takes no longer for one than its octets are worth.
import { describe, expect, it } from 'vitest';
import { contentOf } from '../../../../node/mailbox/intake/content.ts';
import { maskedMails, octetsOf, sampledMails } from '../../../../scripts/chaos/mail-corpus.ts';
import { mutated } from '../../../../scripts/chaos/mail-mutations.ts';
import { slowness } from '../../../support/cpu-time.ts';
import { structureOf } from '../../../support/mail-structure.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const MAILS = 3_000;
/** Milliseconds of processor time for one mail, some of which have 100 kB, on a processor that is not slow. */
const CPU_MS_MAX = 2_000;

describe('a mail that is broken', () => {
  it('is taken apart all the same, soon, and in the same way in whatever pieces it comes', async () => {
    const cpuMsMax = CPU_MS_MAX * slowness();
    const [corpus, random] = [[...sampledMails(), ...maskedMails()].map(octetsOf), seededRandom(11)];
    for (let number = 0; number < MAILS; number += 1) {
      const mail = mutated(corpus, random);
      const began = process.cpuUsage();
      const content = contentOf(await structureOf(mail), 'mac');
      const { user } = process.cpuUsage(began);
      expect(user / 1_000, `mail ${number}: ${mail.length} octets`).toBeLessThan(cpuMsMax);
      const { parts } = content;
      for (const { start, end } of parts) {
        expect(start, `mail ${number}`).toBeLessThanOrEqual(end);
        expect(end, `mail ${number}`).toBeLessThanOrEqual(mail.length);
      }
      if (number % 20 === 0) expect(contentOf(await structureOf(mail, 1 + (number % 97)), 'mac')).toEqual(content);
      expect(JSON.parse(JSON.stringify(content)), 'texts without half characters').toBeDefined();
      for (const text of [content.text, content.subject, content.preview])
        if (typeof text === 'string') expect(text.isWellFormed(), `mail ${number}`).toBe(true);
    }
  }, 120_000);
});
