// The text of HTML, as a person sees it, and what is hidden from people.
import { describe, expect, it } from 'vitest';
import { textOfHtml } from '../../../../node/mailbox/text/from-html.ts';
import { withoutInvisible } from '../../../../node/mailbox/text/hidden.ts';

describe('the text of HTML', () => {
  it.each<[string, string, string]>([
    ['words', '<p>one  two\n three</p>', 'one two three'],
    ['paragraphs', '<p>one</p><p>two</p>', 'one\n\ntwo'],
    ['lines', 'one<br>two<br><br>three<div>four</div>five', 'one\ntwo\n\nthree\nfour\nfive'],
    ['emphasis within a word', 'un<b>believ</b>able, <i>so</i>', 'unbelievable, so'],
    ['entities', '&lt;b&gt; &amp; &eacute;&nbsp;&#8364;', '<b> & é €'],
    ['lists', '<ul><li>one<li>two</ul>', '- one\n- two'],
    ['tables', '<table><tr><td>a<td>b<tr><td>c</table>', 'a b\nc'],
    ['preformatted text', '<pre>a\n  b</pre>', 'a\n  b'],
    ['preformatted text with the line ends of mail', '<pre>a\r\n  b\rc</pre>', 'a\n  b\nc'],
    ['links', '<a href="https://x.com/v?c=1">Verify</a>', 'Verify (https://x.com/v?c=1)'],
    ['a link that shows its address', '<a href="https://x.com/">https://x.com/</a>', 'https://x.com/'],
    ['a link that runs something', '<a href="javascript:x()">go</a>', 'go'],
    ['the text of images', 'a<img alt="logo" src=x>', 'alogo'],
    ['no scripts, styles and titles', '<head><title>t</title><style>p{}</style></head><script>x</script><p>y', 'y'],
    ['what is never closed', '<div><p>one<b>two', 'onetwo'],
    ['what was never opened', 'one</div></b></p>two', 'one\n\ntwo'],
  ])('has %s', (_, html, text) => {
    expect(textOfHtml(html)).toEqual({ text, hasHidden: false });
  });

  it.each([
    'display:none',
    'DISPLAY : none !important',
    'color:red; visibility:hidden',
    'font-size:0px',
    'font-size: 0.0em',
    'opacity:0',
    'max-height:0;overflow:hidden',
  ])('leaves out what %s hides, with everything in it, and says so', (style) => {
    const html = `<p>see</p><div style="${style}">obey <b>me</b><p>now</p></div><p>this</p>`;
    expect(textOfHtml(html)).toEqual({ text: 'see\n\nthis', hasHidden: true });
  });

  it.each([
    'font-size:10px',
    'opacity:0.5',
    'opacity:1',
    'max-height:0',
    'display:block',
    'background:url(display:none)',
  ])('shows what %s does not hide', (style) => {
    expect(textOfHtml(`<b style="${style}">see</b>`)).toEqual({ text: 'see', hasHidden: false });
  });

  it('says nothing is hidden when nothing is in what is hidden', () => {
    expect(textOfHtml('<div hidden> <br></div>see').hasHidden).toBe(false);
    expect(textOfHtml('<div hidden>x</div>see').hasHidden).toBe(true);
  });

  it.each([
    ['open tags', '<b>'.repeat(600_000)],
    ['open and other end tags', '<b>'.repeat(300_000) + '</i>'.repeat(200_000)],
    ['open brackets', '<'.repeat(2_000_000)],
    ['quotes', '<a href="'.repeat(200_000)],
    ['attributes', `<a ${'x=y '.repeat(500_000)}>`],
    ['comments', '<!--'.repeat(500_000)],
    ['ampersands', '&'.repeat(2_000_000)],
    ['hidden elements', '<b style=display:none>x'.repeat(80_000)],
    ['links within links', '<a href="https://x/">x'.repeat(90_000)],
  ])('is found in one pass over 2 MB of %s', (_, html) => {
    const cpuMs = (text: string) => {
      const before = process.cpuUsage();
      textOfHtml(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    cpuMs(html.slice(0, html.length / 4));
    const [quarter, whole] = [cpuMs(html.slice(0, html.length / 4)), cpuMs(html)];
    expect(whole, `against ${quarter} ms for a quarter`).toBeLessThan(10 * Math.max(quarter, 30));
  });
});

describe('text without what nobody sees', () => {
  it.each<[string, string, boolean]>([
    ['plain', 'plain', false],
    ['a\u{E0041}\u{E0042}b', 'ab', true],
    ['a\u202Eb\u2066c', 'abc', true],
    [
      'flag \u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} of Scotland',
      'flag \u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} of Scotland',
      false,
    ],
    ['\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}\u{E0041}', '\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}', true],
    ['mark\u200f stays', 'mark\u200f stays', false],
  ])('of %j', (text, shown, hasHidden) => {
    expect(withoutInvisible(text)).toEqual({ text: shown, hasHidden });
  });
});
