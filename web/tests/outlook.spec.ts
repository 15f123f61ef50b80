/** Trends by any dimension and forecasts with a plan: drilled into, kept in a link, refused in words. */
import type { Page } from '@playwright/test';
import { expect, settled, test, visit } from './company.ts';
import { exactUsd, taken } from './taken.ts';

interface Trends {
  rows: { value: string; week: { cost_usd: string } }[];
}
interface Forecast {
  whole: { targets: { horizon: string; total: { point: { cost_usd: string } } | null; expected_error_per_mille: number | null; errors: { total_per_mille: number } | null }[] };
}

test('from a team that moved to the sessions behind it, and back by a link', async ({ owner, company }) => {
  await visit(owner, company, '/trends');
  const table = owner.getByRole('region', { name: 'Trends', exact: true });
  const { rows } = await company.ask<Trends>('insight/trends?by=team&top=100');
  await expect(table.getByRole('row')).toHaveCount(rows.length + 1);
  const first = rows[0]?.value ?? '';
  await table.getByRole('row').nth(1).getByRole('link', { name: /^open/ }).click();
  await expect(owner).toHaveURL(new RegExp(`by=developer.*|team\\.is=${first}`));
  await settled(owner);
  const within = await company.ask<Trends>(`insight/trends?by=developer&team.is=${encodeURIComponent(first)}&top=100`);
  await expect(table.getByRole('row')).toHaveCount(within.rows.length + 1);
  await expect(table.getByTitle(`${exactUsd(within.rows[0]?.week.cost_usd ?? '')} exactly`).first()).toBeAttached();
  // Somebody else opens the link and sees the same.
  const other = await owner.context().newPage();
  await other.goto(owner.url());
  await settled(other);
  // What charts are drawn with comes later than the rest.
  for (const page of [owner, other]) await expect(page.getByRole('slider', { name: /^The sum of 30 days/ }).locator('svg')).toBeVisible();
  const text = (page: Page): Promise<string> => page.locator('main').innerText();
  await expect(async () => {
    expect(await text(other)).toBe(await text(owner));
  }).toPass({ timeout: 15_000 });
  await other.close();
  await owner.goBack();
  await settled(owner);
  await expect(table.getByRole('row')).toHaveCount(rows.length + 1);
  for (const by of ['repo', 'model', 'client', 'session', 'cost_centre']) {
    await owner.getByLabel('Cut by').selectOption(by);
    await settled(owner);
    const { rows } = await company.ask<Trends>(`insight/trends?by=${by}&top=1000`);
    await expect(table.getByRole('row')).toHaveCount(Math.min(50, rows.length) + 1);
  }
});

test('a forecast with more developers and cheaper prices', async ({ owner, company }) => {
  await visit(owner, company, '/forecast');
  const plain = await company.ask<Forecast>('insight/forecast');
  const exact = (it: Forecast, index: number): string => `An estimate: ${exactUsd(it.whole.targets[index]?.total?.point.cost_usd ?? '')}`;
  const table = owner.getByRole('region', { name: 'Forecast', exact: true });
  for (const [index, it] of plain.whole.targets.entries()) {
    if (it.total === null) continue;
    const row = table.getByRole('row').nth(index + 1);
    await expect(row.getByTitle(exact(plain, index)).first()).toBeAttached();
    // How far off such a total is to be expected stands beside every one, and what was tried below.
    if (it.expected_error_per_mille !== null) await expect(row).toContainText(`${(it.expected_error_per_mille / 10).toFixed(1)} %`);
    if (it.errors !== null) await expect(owner.getByRole('row', { name: /^As they would have been made/ })).toContainText(`${(it.errors.total_per_mille / 10).toFixed(1)} %`);
  }
  const people = owner.getByRole('form', { name: 'Headcount' });
  await people.getByLabel('From').fill('2026-06-20');
  await people.getByLabel('Developers').fill('twelve');
  await people.getByRole('button', { name: 'Add' }).click();
  await expect(people.getByRole('alert')).toHaveText('Say how many developers there will be, as a whole number from 0 to 1,000,000.');
  await people.getByLabel('Developers').fill('12');
  await people.getByRole('button', { name: 'Add' }).click();
  await expect(owner).toHaveURL(/headcount=2026-06-20%3A12/);
  const prices = owner.getByRole('form', { name: 'Prices' });
  await prices.getByLabel('From').fill('2026-07-01');
  await prices.getByLabel('Prices of').fill('*opus*');
  await prices.getByLabel('Change by, in %').fill('-150');
  await prices.getByRole('button', { name: 'Add' }).click();
  await expect(prices.getByRole('alert')).toContainText('Say by how many per cent, from −100');
  await prices.getByLabel('Change by, in %').fill('-20');
  await prices.getByRole('button', { name: 'Add' }).click();
  await expect(owner).toHaveURL(/price=2026-07-01%3A\*opus\*%3A-20%25/);
  await settled(owner);
  const planned = await company.ask<Forecast>('insight/forecast?headcount=2026-06-20:12&price=2026-07-01:*opus*:-20%25');
  for (const [index, it] of planned.whole.targets.entries()) {
    if (it.total === null) continue;
    const row = table.getByRole('row').nth(index + 1);
    await expect(row.getByTitle(exact(planned, index)).first()).toBeAttached();
    await expect(row.getByTitle(exact(plain, index)).first()).toBeAttached();
  }
  expect(exact(planned, 2)).not.toBe(exact(plain, 2));
  // The link holds the plan; what is taken away is gone from it.
  await owner.reload();
  await settled(owner);
  await owner.getByRole('button', { name: /^12 developers from 20 Jun 2026/ }).click();
  await expect(owner).not.toHaveURL(/headcount/);
  await owner.getByRole('button', { name: /^Prices of \*opus\* −20 % from 1 Jul 2026/ }).click();
  await settled(owner);
  await expect(table.getByRole('row').nth(1).getByTitle(exact(plain, 0)).first()).toBeAttached();
});

test('what a month adds up to ends with its forecast, and a link shows the quarter', async ({ owner, company }) => {
  interface Course {
    whole: { targets: { horizon: string; spent: { cost_usd: string }; total: Record<'point' | 'low' | 'high', { cost_usd: string }> | null }[] };
  }
  await visit(owner, company, '/forecast');
  const { whole } = await company.ask<Course>('insight/forecast');
  for (const [horizon, called] of [['month', 'The month'], ['quarter', 'The quarter']] as const) {
    const wanted = whole.targets.find((it) => it.horizon === horizon);
    await owner.getByRole('group', { name: 'What is drawn' }).getByRole('button', { name: called }).click();
    const days = await taken(owner, `forecast-${horizon}`);
    const last = days.at(-1);
    expect(['Forecast', 'Forecast, likely from', 'Forecast, likely to'].map((it) => last?.[it])).toEqual((['point', 'low', 'high'] as const).map((it) => wanted?.total?.[it].cost_usd));
    expect(days.findLast((it) => it['Spent'] !== '')?.['Spent']).toBe(wanted?.spent.cost_usd);
  }
  await expect(owner).toHaveURL(/course=quarter/);
  await owner.reload();
  await settled(owner);
  const course = owner.getByRole('slider', { name: /^What the quarter adds up to/ });
  await course.focus();
  await expect(course).toHaveAttribute('aria-valuetext', /^Tue 30 Jun: Forecast \$[\d,.]+ \(\$[\d,.]+ to \$[\d,.]+\)/);
  await expect(course.locator('svg')).toBeVisible();
  await owner.keyboard.press('Home');
  await expect(course).toHaveAttribute('aria-valuetext', /^Mon 13 Apr: Spent \$[\d,.]+/);
});

test('a plan in an address that makes no sense is refused in words, and can be mended', async ({ owner, company }) => {
  await visit(owner, company, '/forecast?headcount=48&price=soon');
  await expect(owner.getByRole('alert').filter({ hasText: 'headcount=48' })).toContainText('write it as 2026-12-01:48');
  for (const text of ['48', 'soon']) await owner.getByRole('button', { name: `${text} ✕ , take it away` }).or(owner.getByRole('button', { name: new RegExp(`^${text}\\b.*take it away`) })).first().click();
  await settled(owner);
  await expect(owner.getByRole('region', { name: 'Forecast', exact: true })).toBeVisible();
});
