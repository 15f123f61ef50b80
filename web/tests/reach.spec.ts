/** How one gets about: links into a page, where the focus goes, and what the keyboard opens. */
import type { Locator, Page } from '@playwright/test';
import { ALL_DAYS, type Company, expect, settled, test, visit } from './company.ts';

test('a link to one budget leads to it', async ({ owner, company }) => {
  await visit(owner, company, '/');
  const link = owner.locator('main a[href^="/budgets#"]').first();
  const name = (await link.innerText()).trim();
  await link.click();
  await expect(owner).toHaveURL(/\/budgets#/);
  const row = owner.locator('tr:target');
  await expect(row).toBeFocused();
  await expect(row).toBeInViewport();
  await expect(row).toContainText(name);
  // Whoever was sent the link gets there too.
  await owner.reload();
  await expect(owner.locator('tr:target')).toBeFocused();
});

/** Follows a link to one budget, above which sixty stops come afterwards. */
async function arrived(owner: Page, company: Company): Promise<Locator> {
  const stop = { scope: 'developer/somebody', killed: { at: '2026-06-01T00:00:00Z', by: 'owner', reason: 'runs away' }, frozen: null };
  const stops = Array.from({ length: 60 }, (_, index) => ({ ...stop, scope: `${stop.scope}-${String(index)}` }));
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await owner.route('**/api/v1/stops', async (route) => {
    await held;
    await route.fulfill({ json: { stops } });
  });
  await visit(owner, company, '/');
  await owner.locator('main a[href^="/budgets#"]').first().click();
  const row = owner.locator('tr:target');
  await expect(row).toBeFocused();
  letGo();
  await expect(owner.getByText('somebody-59')).toBeAttached();
  await expect(row).toBeInViewport({ ratio: 1 });
  return row;
}

/** Still more comes above it, which the browser does not even out by itself. Two pictures later, what answers it is done. */
async function grow(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const main = document.querySelector('main');
    const more = document.createElement('div');
    more.style.height = '3000px';
    if (main !== null) main.style.overflowAnchor = 'none';
    main?.prepend(more);
    for (let pictures = 0; pictures < 2; pictures += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
}

test('whoever follows a link to one budget still sees it when the rest of the page has come', async ({ owner, company }) => {
  const row = await arrived(owner, company);
  await grow(owner);
  await expect(row).toBeInViewport({ ratio: 1 });
  // Whoever goes elsewhere by themselves is not brought back.
  await owner.mouse.wheel(0, -10_000);
  await expect(row).not.toBeInViewport();
});

test('whoever goes on by a script, or later, is not brought back to where a link led', async ({ owner, company }) => {
  await owner.clock.install();
  const row = await arrived(owner, company);
  await owner.evaluate(() => { scrollTo(0, 0); });
  await expect(row).not.toBeInViewport();
  await grow(owner);
  await expect(row).not.toBeInViewport();
  await arrived(owner, company);
  await owner.clock.fastForward(11_000);
  await grow(owner);
  await expect(row).not.toBeInViewport();
});

test('a filter in a link is what it says, whatever the period is', async ({ owner, company }) => {
  await visit(owner, company, `/models?${ALL_DAYS}`);
  const table = owner.getByRole('region', { name: 'Spend by provider' });
  const link = table.getByRole('link').first();
  const provider = (await link.innerText()).trim();
  await link.click();
  await settled(owner);
  const asked = new URL(owner.url()).searchParams;
  expect(['provider.is', 'since', 'until'].map((it) => asked.getAll(it))).toEqual([[provider], ['2026-04-13'], ['2026-06-12']]);
  await expect(owner.getByRole('group', { name: 'Filters' }).getByRole('button', { name: provider })).toBeVisible();
});

test('who comes to another page is at its heading, and told so', async ({ owner, company }) => {
  await visit(owner, company, '/');
  const heading = (name: string): ReturnType<typeof owner.getByRole> => owner.getByRole('heading', { level: 1, name });
  await owner.keyboard.press('g');
  await owner.keyboard.press('e');
  await expect(heading('Explore')).toBeFocused();
  await expect(owner.locator('[aria-live="polite"]').filter({ hasText: /^Explore$/ })).toBeAttached();
  await owner.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Budgets' }).click();
  await expect(heading('Budgets')).toBeFocused();
  await owner.goBack();
  await expect(heading('Explore')).toBeFocused();
  // A heading that comes later has it then.
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  await owner.keyboard.press('/');
  await owner.keyboard.type(rows[0]?.session ?? '');
  await owner.keyboard.press('Enter');
  await expect(heading(rows[0]?.session ?? '')).toBeFocused();
});

test('a filter that is taken away passes the focus on', async ({ owner, company }) => {
  await visit(owner, company, `/explore?team.is=platform&team.is=payments&${ALL_DAYS}`);
  const filters = owner.getByRole('group', { name: 'Filters' });
  await filters.getByRole('button', { name: /Platform/i }).focus();
  await owner.keyboard.press('Enter');
  await expect(filters.getByRole('button', { name: /Payments/i })).toBeFocused();
  await owner.keyboard.press('Enter');
  await expect(filters.getByRole('button', { name: '+ Filter' })).toBeFocused();
  await owner.keyboard.press('Enter');
  await expect(filters.getByLabel('Filter by')).toBeFocused();
  await filters.getByRole('button', { name: 'Cancel' }).press('Enter');
  await expect(filters.getByRole('button', { name: '+ Filter' })).toBeFocused();
});

test('the keyboard goes over the days of a chart, and opens one', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const chart = owner.getByRole('slider', { name: /^Spend a day/ });
  await expect(chart.locator('svg')).toBeVisible();
  // The whole period, and not the days with spend alone.
  await expect(chart).toHaveAttribute('aria-valuemax', '60');
  await chart.focus();
  await owner.keyboard.press('Home');
  await expect(chart).toHaveAttribute('aria-valuetext', /^Mon 13 Apr: Spend \$/);
  await owner.keyboard.press('ArrowRight');
  await expect(chart).toHaveAttribute('aria-valuetext', /^Tue 14 Apr: Spend \$/);
  await expect(owner.locator('.chart-tip')).toContainText('Tue 14 Apr');
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(/since=2026-04-14&until=2026-04-14/);
  await settled(owner);
});

test('the keyboard goes over the calls of a session, and marks one', async ({ owner, company }) => {
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  await visit(owner, company, `/sessions/${rows[0]?.session ?? ''}`);
  const course = owner.getByRole('slider', { name: /^Course of the session/ });
  await course.focus();
  await owner.keyboard.press('Home');
  await owner.keyboard.press('ArrowRight');
  await expect(course).toHaveAttribute('aria-valuetext', /^Call 2: .*tokens of context/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('region', { name: 'Calls of the session' }).locator('tr.lead')).toHaveCount(1);
});

test('the search says among what it looked, tries again, and leads to a filter', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const field = owner.getByRole('combobox', { name: /^Search/ });
  const found = owner.getByRole('listbox', { name: 'Found' });
  const [first] = (await company.ask<{ rows: { key: { repo: string } }[] }>('report?by=repo&top=1')).rows;
  const name = first?.key.repo.split('/').at(-1) ?? '';
  await owner.route('**/api/v1/report?by=repo&top=500', (route) => route.abort());
  await owner.keyboard.press('/');
  await owner.keyboard.type(name);
  await expect(owner.getByText('Not all names could be read')).toBeVisible();
  await owner.unroute('**/api/v1/report?by=repo&top=500');
  await field.press('Escape');
  await owner.getByRole('heading', { level: 1 }).click();
  await owner.keyboard.press('/');
  await owner.keyboard.type(name);
  await expect(found.getByRole('option').filter({ hasText: 'Repository' }).first()).toContainText(name);
  await field.fill(`${name.slice(0, 4)}*nobody`);
  await expect(owner.getByText('Nothing of that name')).toBeVisible();
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL((url) => url.pathname === '/explore' && url.searchParams.get('repo') === `*${name.slice(0, 4)}*nobody*`);
});

test('a period without spend is not a server without any', async ({ owner, company }) => {
  await visit(owner, company, '/explore?since=2020-01-01&until=2020-01-02');
  await expect(owner.getByText('Nothing here in this period').first()).toBeVisible();
  await expect(owner.getByText('bursar collect')).toHaveCount(0);
});

test('a branch is that of its repository, wherever one comes from', async ({ owner, company }) => {
  await visit(owner, company, `/repos?${ALL_DAYS}`);
  const branches = owner.getByRole('region', { name: 'Spend by branch' });
  const row = branches.getByRole('row').filter({ has: owner.locator('td a') }).first();
  const cost = await row.locator('.money').first().getAttribute('title');
  await row.locator('td a').first().click();
  await settled(owner);
  await expect(owner).toHaveURL(/\/branches\/.*[?&]repo=/);
  expect(await owner.locator('[data-total] .money').first().getAttribute('title')).toBe(cost);
  // From within the repository it is the same.
  await owner.locator('main header a[href^="/repos/"]').click();
  await settled(owner);
  await owner.getByRole('region', { name: 'Spend by branch' }).getByRole('row').filter({ has: owner.locator(`.money[title="${cost ?? ''}"]`) }).first().locator('td a').first().click();
  await settled(owner);
  expect(await owner.locator('[data-total] .money').first().getAttribute('title')).toBe(cost);
});

test('the order of rows, how many there are and the table for a chart stand in the link', async ({ owner, company }) => {
  await visit(owner, company, `/explore?by=repo&${ALL_DAYS}`);
  const table = owner.getByRole('region', { name: 'Spend', exact: true });
  await table.getByRole('button', { name: 'Calls' }).click();
  await owner.getByRole('button', { name: /^Table of/ }).click();
  const firstOf = async (): Promise<string> => (await table.getByRole('row').nth(1).innerText()).trim();
  const shown = await firstOf();
  const shownAt = owner.url();
  const other = await owner.context().newPage();
  await other.goto(owner.url());
  await settled(other);
  await expect(other.getByRole('columnheader', { name: 'Calls' })).toHaveAttribute('aria-sort', 'descending');
  await expect(other.getByRole('region', { name: /as a table$/ })).toBeVisible();
  expect((await other.getByRole('region', { name: 'Spend', exact: true }).getByRole('row').nth(1).innerText()).trim()).toBe(shown);
  // Whoever opened more rows sends a link to all of them.
  await visit(owner, company, `/sessions?${ALL_DAYS}`);
  const sessions = (page: Page): Locator => page.getByRole('region', { name: 'Sessions' }).locator('tbody tr');
  await owner.getByRole('button', { name: 'Show more' }).click();
  await owner.getByRole('button', { name: 'Show more' }).click();
  await expect(owner).toHaveURL(/[?&]rows=250/);
  await expect(sessions(owner)).toHaveCount(250);
  await other.goto(owner.url());
  await expect(sessions(other)).toHaveCount(250);
  await owner.goto(shownAt);
  // Another cut keeps both.
  await owner.getByLabel('Cut by', { exact: true }).selectOption('developer');
  await expect(owner).toHaveURL((url) => url.searchParams.get('sort') === '-calls' && url.searchParams.get('as') === 'table');
});

test('another cut and another filter keep the order of rows, and what is drawn', async ({ owner, company }) => {
  const kept = (name: string, value: string) => (url: URL): boolean => url.searchParams.get(name) === value;
  await visit(owner, company, '/trends?sort=-last-30-days');
  await owner.getByLabel('Cut by').selectOption('repo');
  await expect(owner).toHaveURL(kept('by', 'repo'));
  await expect(owner).toHaveURL(kept('sort', '-last-30-days'));
  await visit(owner, company, `/sessions?sort=-turns&team.is=platform&team.is=payments&${ALL_DAYS}`);
  await owner.getByRole('group', { name: 'Filters' }).getByRole('button', { name: /Platform/i }).click();
  await expect(owner).toHaveURL(kept('team.is', 'payments'));
  await expect(owner).toHaveURL(kept('sort', '-turns'));
  await visit(owner, company, '/forecast?sort=team&course=quarter');
  await owner.getByLabel('Cut by').selectOption('repo');
  await expect(owner).toHaveURL(kept('by', 'repo'));
  await expect(owner).toHaveURL(kept('sort', 'team'));
  await expect(owner).toHaveURL(kept('course', 'quarter'));
});

test('a link opens as many rows as it says, however many pages they are', async ({ owner, company }) => {
  const whole = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  const [pattern] = whole.rows;
  let isRefused = false;
  const further: string[] = [];
  await owner.route('**/api/v1/sessions?*', (route) => {
    const cursor = new URL(route.request().url()).searchParams.get('cursor');
    if (cursor !== null) further.push(cursor);
    if (isRefused) return route.abort();
    const from = Number(cursor ?? '0');
    const rows = Array.from({ length: 200 }, (_, index) => ({ ...pattern, session: `session-${(from + index).toString()}` }));
    return route.fulfill({ json: { ...whole, rows, next: from + 200 < 1000 ? (from + 200).toString() : null } });
  });
  const rows = owner.getByRole('region', { name: 'Sessions' }).locator('tbody tr');
  await visit(owner, company, `/sessions?rows=750&${ALL_DAYS}`);
  await expect(rows).toHaveCount(750);
  expect(further).toEqual(['200', '400', '600']);
  // A page that is refused is asked for once with each press.
  isRefused = true;
  for (const times of [1, 2]) {
    await owner.getByRole('button', { name: 'Show more' }).click();
    await expect(owner.getByText('Not up to date')).toBeVisible();
    await expect.poll(() => further.length).toBe(3 + times);
    await settled(owner);
  }
  isRefused = false;
  await owner.getByRole('button', { name: 'Show more' }).click();
  await expect(rows).toHaveCount(900);
  expect(further).toEqual(['200', '400', '600', '800', '800', '800']);
});

test('amounts are exact where one wants them so', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const total = owner.locator('[data-total] .money').first();
  const exactly = (await total.getAttribute('title'))?.replace(' exactly', '') ?? '';
  expect(await total.innerText()).not.toBe(exactly);
  await owner.keyboard.press('x');
  await expect(total).toHaveText(exactly);
  await owner.reload();
  await settled(owner);
  await expect(total).toHaveText(exactly);
  await owner.keyboard.press('x');
  await expect(total).not.toHaveText(exactly);
});
