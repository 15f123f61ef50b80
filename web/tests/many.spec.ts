/** Much at once: ten thousand rows, and how long it takes until something is seen. */
import { ALL_DAYS, expect, settled, test, visit } from './company.ts';
import { Timings, watch } from './timings.ts';

const ROWS = 10_000;
const TRIES = 3;
const timings = new Timings();

test.afterAll(() => {
  console.log(`\n${timings.toString()}\n`);
});

test('ten thousand rows are sorted and read on at once', async ({ owner, company }) => {
  const report = await company.ask<{ rows: { key: Record<string, string>; cost_nano_usd: string }[] }>(`report?by=developer&${ALL_DAYS}`);
  const [pattern] = report.rows;
  if (pattern === undefined) throw new Error('the company has no developer');
  const costs = Array.from({ length: ROWS }, (_, index) => (index * 7919) % 1_000_003);
  const rows = costs.map((cost, index) => ({ ...pattern, key: { developer: `developer-${index.toString()}@example.com` }, cost_nano_usd: cost.toString() }));
  await owner.route('**/api/v1/report?*by=developer*top=10000*', (route) => route.fulfill({ json: { ...report, rows } }));
  await watch(owner);
  await visit(owner, company, `/explore?by=developer&every=none&${ALL_DAYS}`);
  await expect(owner.getByText(`50 of ${ROWS.toString()} rows`)).toBeVisible();
  const table = owner.getByRole('region', { name: 'Spend', exact: true });
  const first = table.getByRole('row').nth(1);
  const named = (cost: number): string => `developer-${costs.indexOf(cost).toString()}@`;
  for (let index = 0; index < TRIES; index += 1) {
    await timings.click(owner, 'sort 10,000 rows', table.getByRole('button', { name: 'Cost' }));
    // The dearest first, and the other way round when pressed again.
    await expect(first).toContainText(named(index % 2 === 0 ? Math.max(...costs) : Math.min(...costs)));
  }
  for (let rows = 150; rows <= 550; rows += 100) {
    await timings.click(owner, '100 rows more of 10,000', owner.getByRole('button', { name: 'Show more' }));
    await expect(owner.getByText(`${rows.toString()} of ${ROWS.toString()} rows`)).toBeVisible();
    await expect(table.getByRole('row')).toHaveCount(rows + 2);
  }
});

const PLACES = [
  ['e', 'Explore'],
  ['n', 'Trends'],
  ['f', 'Forecast'],
  ['t', 'Teams and people'],
  ['r', 'Repositories'],
  ['s', 'Sessions'],
  ['m', 'Models'],
  ['b', 'Budgets'],
  ['c', 'Sources'],
  ['p', 'Prices'],
  [',', 'Settings'],
  ['o', 'Overview'],
] as const;

test('from page to page, by keys and by hand', async ({ owner, company }) => {
  test.setTimeout(180_000);
  await watch(owner);
  await visit(owner, company, `/?${ALL_DAYS}`);
  for (let index = 0; index < TRIES; index += 1) {
    for (const [key, title] of PLACES) {
      if (index % 2 === 0) {
        // Both at once: what is measured with takes its time, and a chord ends.
        await timings.of(owner, `open ${title}`, async () => {
          await owner.keyboard.press('g');
          await owner.keyboard.press(key);
        });
      } else await timings.click(owner, `open ${title}`, owner.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title }));
      await expect(owner.getByRole('heading', { level: 1, name: title })).toBeVisible();
    }
  }
});

test('what one does on a page', async ({ owner, company }) => {
  test.setTimeout(180_000);
  await watch(owner);
  for (let index = 0; index < TRIES; index += 1) {
    await visit(owner, company, `/explore?by=developer&${ALL_DAYS}`);
    const table = owner.getByRole('region', { name: 'Spend', exact: true });
    await timings.click(owner, 'sort a table', table.getByRole('button', { name: 'Calls' }));
    await timings.click(owner, 'open a derivation', owner.getByRole('button', { name: 'how it came about' }));
    await timings.of(owner, 'close it', () => owner.keyboard.press('Escape'));
    await owner.getByLabel('Cut by', { exact: true }).focus();
    await timings.of(owner, 'change the cut', () => owner.keyboard.press('R'));
    await expect(owner).toHaveURL(/by=repo/);
    await timings.click(owner, 'draw lines', owner.getByRole('button', { name: 'Lines', exact: true }));
    await timings.click(owner, 'compare', owner.getByLabel('Compare with the period before'));
    await timings.click(owner, 'filter by a row', table.getByRole('button', { name: /^Filter by/ }).first());
    await timings.click(owner, 'take the filter away', owner.getByRole('group', { name: 'Filters' }).getByRole('button').first());
    await settled(owner);
    await owner.getByLabel('Period', { exact: true }).focus();
    await timings.of(owner, 'change the period', () => owner.keyboard.press('ArrowUp'));
    await owner.getByRole('combobox', { name: /^Search/ }).focus();
    await timings.of(owner, 'type into the search', () => owner.keyboard.press('p'));
  }
});
