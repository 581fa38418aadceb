// What a reply says by itself: the quote at its end is cut, whatever program made it, and nothing else.
import { describe, expect, it } from 'vitest';
import { extractedText } from '../../../../node/mailbox/text/extract.ts';
import { extractedHtml } from '../../../../node/mailbox/text/extract-html.ts';
import { previewOf } from '../../../../node/mailbox/text/preview.ts';

const lines = (...text: string[]) => text.join('\n');

describe('the text of a reply alone', () => {
  it.each([
    ['Gmail', lines('On Tue, 3 May 2022 at 10:00, Jane <jane@x.com> wrote:', '', '> Can you?', '>', '> Jane')],
    ['a line that is broken', lines('On Tue, 3 May 2022 at 10:00, Jane Doe', '<jane.doe@x.com> wrote:', '> Can you?')],
    ['no line above', lines('> Can you?', '>> Earlier')],
    ['quotes that are not marked', lines('On 3 May 2022 Jane wrote:', '', 'Can you?', '', 'Jane')],
    ['Outlook', lines('From: Jane <jane@x.com>', 'Sent: Tuesday, May 3, 2022', 'To: Me', 'Subject: x', '', 'Can you?')],
    ['Outlook in bold', lines('*From:* Jane', '*Sent:* Tuesday', '', 'Can you?')],
    ['Outlook in German', lines('Von: Jane', 'Gesendet: Dienstag', 'An: Ich', '', 'Kannst du?')],
    ['an old Outlook', lines('-----Original Message-----', 'From: Jane', '', 'Can you?')],
    ['Thunderbird in German', lines('Am 03.05.22 um 10:00 schrieb Jane Doe:', '> Kannst du?')],
    ['French', lines('Le mar. 3 mai 2022 à 10:00, Jane <jane@x.com> a écrit :', '> Peux-tu ?')],
    ['Spanish', lines('El mar, 3 may 2022 a las 10:00, Jane (<jane@x.com>) escribió:', '> ¿Puedes?')],
    ['Italian', lines('Il giorno mar 3 mag 2022 alle ore 10:00 Jane ha scritto:', '> Puoi?')],
    ['Dutch', lines('Op di 3 mei 2022 om 10:00 schreef Jane <jane@x.com>:', '> Kun je?')],
    ['Korean', lines('2022년 5월 3일 (화) 오전 10:00, Jane', '<jane@x.com>님이 작성:', '> 할 수 있어?')],
    ['Chinese', lines('在 2022年5月3日，Jane <jane@x.com> 写道：', '> 可以吗？')],
  ])('is cut above a quote by %s', (_, quote) => {
    expect(extractedText(`Yes.\n\nBest\n\n${quote}\n`)).toBe('Yes.\n\nBest');
  });

  it.each([
    ['answers between quotes', lines('On 3 May Jane wrote:', '> One?', '', 'Yes.', '', '> Two?', '', 'No.')],
    ['an answer below', lines('> Can you?', '', 'Yes.')],
    ['a sentence that begins like a line above a quote', lines('On reflection I agree.', 'He wrote:', 'nothing')],
    ['no quote', 'Yes.'],
    ['a sentence that ends like one', 'From: the heart\nYes.'],
    ['a comparison', 'a > b\nand c'],
  ])('is all of it with %s', (_, text) => {
    expect(extractedText(text)).toBe(text);
  });

  it('is the quote when there is nothing else', () => {
    expect(extractedText('> Can you?\n')).toBe('> Can you?');
  });

  it('keeps the answers above a quote that ends the mail', () => {
    const text = lines('On 3 May Jane wrote:', '> One?', 'Yes.', 'On 2 May Joe wrote:', '> Older');
    expect(extractedText(text)).toBe(lines('On 3 May Jane wrote:', '> One?', 'Yes.'));
  });

  it.each([
    ['lines above quotes', 'On 3 wrote:\n'.repeat(100_000)],
    ['one long line', 'On 3 '.repeat(400_000)],
    ['marks', '>'.repeat(2_000_000)],
    ['empty lines', '\n'.repeat(2_000_000)],
    ['marked lines', '> a\n'.repeat(500_000)],
    ['half sentences', 'On 3\n'.repeat(400_000)],
    ['rules', `${'-'.repeat(100_000)}\n`.repeat(20)],
  ])('is found in time that grows with the text: %s', (_, text) => {
    const cpuMs = (one: string) => {
      const before = process.cpuUsage();
      extractedText(one);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    cpuMs(text.slice(0, text.length / 4));
    const [quarter, whole] = [cpuMs(text.slice(0, text.length / 4)), cpuMs(text)];
    expect(whole, `against ${quarter} ms for a quarter`).toBeLessThan(10 * Math.max(quarter, 30));
  });
});

describe('the HTML of a reply alone', () => {
  it.each([
    [
      'Gmail',
      '<div>Yes.</div><div class="gmail_quote"><div class="gmail_attr">On …</div><blockquote>Q</blockquote></div>',
      '<div>Yes.</div>',
    ],
    ['Apple Mail', '<p>Yes.</p><blockquote type="cite"><p>Q</p></blockquote><br>', '<p>Yes.</p><br>'],
    ['Thunderbird', 'Yes.<div class="moz-cite-prefix">On …</div><blockquote type="cite">Q</blockquote>', 'Yes.'],
    ['Outlook', '<body><p>Yes.</p><div id="appendonsend"></div><hr><p>From: …</p>Q</body>', '<body><p>Yes.</p>'],
  ])('is cut at the quote of %s', (_, html, kept) => {
    expect(extractedHtml(html)).toBe(kept);
  });

  it.each([
    ['an answer below', '<blockquote type="cite">Q</blockquote><p>Yes.</p>'],
    ['no known container', '<p>Yes.</p><blockquote>Q</blockquote>'],
    ['nothing but the quote', '<div class="gmail_quote">Q</div>'],
  ])('is all of it with %s', (_, html) => {
    expect(extractedHtml(html)).toBe(html);
  });
});

describe('a preview', () => {
  it('is one line of at most 200 characters', () => {
    expect(previewOf(' Yes,\n\tplease\0 ')).toBe('Yes, please');
    expect(previewOf('\u{1F600}'.repeat(300))).toBe('\u{1F600}'.repeat(200));
    expect(previewOf(' \n')).toBeUndefined();
  });
});
