// A page of a node in a browser, and a look at it: its picture is kept in test/screenshots, axe finds no fault, nothing is cut off.
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { LIVE_MS_MAX } from './time-bounds.ts';

const SCREENSHOTS = join(import.meta.dirname, '..', 'screenshots');
/** Each palette on a desk and on a phone. */
export const LOOKS = [
  ['light', 1_280],
  ['light', 390],
  ['dark', 1_280],
  ['dark', 390],
] as const;

interface Fault {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** What the policy refused, what the script threw, dialogs. */
  readonly complaints: readonly string[];
  go(path: string): Promise<unknown>;
}

/** `url`: of the node. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // By itself, half a minute: the longest page takes that on a busy machine.
  page.setDefaultTimeout(LIVE_MS_MAX);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, complaints, go: (path) => page.goto(url + path), [Symbol.asyncDispose]: () => context.close() };
}

/** Goes to the page at `path`. `name`: of its picture. */
export async function lookAt({ page, go }: Pick<OpenedPage, 'page' | 'go'>, path: string, name: string): Promise<void> {
  await go(path);
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  const { violations } = (await page.evaluate(`${axe.source}; axe.run(document)`)) as { violations: Fault[] };
  expect(violations.map(({ id, nodes }) => `${path}: ${id}: ${nodes[0]?.html}`)).toEqual([]);
  const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  expect(tooWide, `${path} is wider than the window`).toBeLessThanOrEqual(0);
}
