/** Much at once: ten thousand rows, and how long it takes until something is seen. */
import { ALL_DAYS, expect, test, visit } from './company.ts';

const ROWS = 10_000;
const TRIES = 7;

test('ten thousand rows are sorted at once', async ({ owner, company }) => {
  const report = await company.ask<{ rows: { key: Record<string, string>; cost_nano_usd: string }[] }>(`report?by=developer&${ALL_DAYS}`);
  const [pattern] = report.rows;
  if (pattern === undefined) throw new Error('the company has no developer');
  const rows = Array.from({ length: ROWS }, (_, index) => ({ ...pattern, key: { developer: `developer-${index.toString()}@example.com` }, cost_nano_usd: ((index * 7919) % 1_000_003).toString() }));
  await owner.route('**/api/v1/report?*by=developer*top=10000*', (route) => route.fulfill({ json: { ...report, rows } }));
  await visit(owner, company, `/explore?by=developer&every=none&${ALL_DAYS}`);
  await expect(owner.getByText(`50 of ${ROWS.toString()} rows`)).toBeVisible();
  const took = await owner.evaluate(async (tries) => {
    const button = [...document.querySelectorAll<HTMLElement>('th button')].find((it) => it.textContent.startsWith('Cost'));
    const all: number[] = [];
    for (let index = 0; index < tries; index += 1) {
      const began = performance.now();
      button?.click();
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      all.push(performance.now() - began);
    }
    return all;
  }, TRIES);
  console.log(`sorting ${ROWS.toString()} rows, to the next picture: ${took.map((it) => it.toFixed(0)).join(', ')} ms`);
  await owner.getByRole('button', { name: 'Show more' }).click();
  await expect(owner.getByText(`550 of ${ROWS.toString()} rows`)).toBeVisible();
});

test('from page to page', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const took: string[] = [];
  for (const [key, title] of [['e', 'Explore'], ['t', 'Teams and people'], ['r', 'Repositories'], ['s', 'Sessions'], ['m', 'Models'], ['b', 'Budgets'], ['o', 'Overview']] as const) {
    await owner.keyboard.press('g');
    const ms = await owner.evaluate(async ([pressed, heading]) => {
      const began = performance.now();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true }));
      while (document.querySelector('main h1')?.textContent !== heading) await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return performance.now() - began;
    }, [key, title] as const);
    took.push(`${title} ${ms.toFixed(0)}`);
  }
  console.log(`to the next picture, in ms: ${took.join(', ')}`);
});
