/** One sum, wherever it stands: pages, files, the API and the command line, to the nano-dollar. */
import type { Page } from '@playwright/test';
import { ALL_DAYS, type Company, exactOf, expect, settled, test, visit } from './company.ts';
import { exactUsd, nano, read, sum, taken } from './taken.ts';

interface Report {
  total: { cost_usd: string; cost_nano_usd: string };
  rows: { key: Record<string, string>; cost_nano_usd: string }[];
}

/** The same days on the command line, and the month that the page shows by itself. */
const DAYS = ['--since', '2026-04-13', '--until', '2026-06-12'];
const MONTH = ['--since', '2026-06-01', '--until', '2026-06-12'];

/** The amount within something of the page, exactly. */
async function exact(page: Page, selector: string): Promise<string> {
  return ((await page.locator(selector).locator('.money').first().getAttribute('title')) ?? '').replace(' exactly', '').replaceAll(',', '').replace('$', '');
}

/** The rows that a command prints. */
async function rowsOf(company: Company, args: readonly string[]): Promise<Record<string, string>[]> {
  return read(await company.command([...args, '--format', 'csv', '--server', company.server.address]));
}

test('the same total everywhere', async ({ owner, company }) => {
  const { total } = await company.ask<Report>(`report?by=team&${ALL_DAYS}`);
  const said: Record<string, string> = {};
  for (const [name, path] of [
    ['overview', '/'],
    ['explore by team', '/explore'],
    ['explore by three', '/explore?by=developer,repo,model'],
    ['teams', '/teams'],
    ['repositories', '/repos'],
    ['sessions', '/sessions'],
    ['models', '/models'],
    ['sources', '/sources'],
  ] as const) {
    await visit(owner, company, `${path}${path.includes('?') ? '&' : '?'}${ALL_DAYS}`);
    const all = await owner.locator('[data-total]').count();
    expect(all, name).toBeGreaterThan(0);
    for (let index = 0; index < all; index += 1) said[`${name} ${index.toString()}`] = await exactOf(owner, index);
    for (const tables of await owner.getByRole('button', { name: /^Table of / }).all()) await tables.click();
    for (const [index, chart] of (await owner.getByRole('region', { name: /, as a table$/ }).all()).entries()) said[`chart of ${name} ${index.toString()}`] = usd(await charted(chart));
  }
  for (const by of ['team', 'developer', 'repo', 'model', 'client', 'session']) {
    const json = JSON.parse(await company.command(['report', '--by', by, ...DAYS, '--format', 'json', '--server', company.server.address])) as Report;
    said[`command line by ${by}`] = json.total.cost_usd;
    said[`its rows by ${by}`] = usd(sum(json.rows.map((it) => BigInt(it.cost_nano_usd))));
    const csv = read(await company.command(['report', '--by', by, ...DAYS, '--format', 'csv', '--server', company.server.address]));
    said[`its file by ${by}`] = usd(sum(csv.map((it) => BigInt(it['cost_nano_usd'] ?? ''))));
    const { rows } = await company.ask<Report>(`report?by=${by}&${ALL_DAYS}`);
    said[`API by ${by}`] = usd(sum(rows.map((it) => BigInt(it.cost_nano_usd))));
  }
  const teams = await company.ask<{ rows: { cost_nano_usd: string }[] }>(`insight/teams?${ALL_DAYS}`);
  said['allocation against consumption'] = usd(sum(teams.rows.map((it) => BigInt(it.cost_nano_usd))));
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((it) => [it, total.cost_usd])));
});

test('the month, on every page that shows it', async ({ owner, company }) => {
  test.setTimeout(240_000);
  const { total } = await company.ask<Report>('report?by=team&since=2026-06-01&until=2026-06-12');
  const said: Record<string, string> = {};
  await visit(owner, company, '/');
  said['overview'] = await exactOf(owner);
  await visit(owner, company, '/forecast');
  said['forecast'] = await exact(owner, '[data-spent="month"]');
  said['file of forecasts'] = (await taken(owner, 'forecast')).find((it) => it['horizon'] === 'month')?.['spent_usd'] ?? '';
  // Calls that no gateway saw are booked into the budgets two minutes after they came.
  await expect.poll(async () => {
    await visit(owner, company, '/budgets?scope=org');
    return (await taken(owner, 'budgets')).find((it) => it['scope'] === 'org')?.['spent_usd'];
  }, { timeout: 180_000 }).toBe(total.cost_usd);
  said['the organisation\'s budget'] = await exact(owner, 'tr:has-text("The organisation") td.number >> nth=1');
  said['command line'] = usd(sum((await rowsOf(company, ['report', '--by', 'model', ...MONTH])).map((it) => nano(it['cost_usd'] ?? ''))));
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((it) => [it, total.cost_usd])));
});

test('the whole days of the month, wherever trends are', async ({ owner, company }) => {
  const { total } = await company.ask<Report>('report?by=team&since=2026-06-01&until=2026-06-11');
  const said: Record<string, string> = {};
  await visit(owner, company, '/');
  said['overview'] = await exact(owner, 'main section:has(> header h2:text-is("Trend")) dl div:has(dt:text-is("This month"))');
  await visit(owner, company, '/trends?by=repo');
  said['trends'] = await exact(owner, '[data-view="month"]');
  said['its file'] = usd(sum((await taken(owner, 'trends-by-repo')).map((it) => nano(it['month_usd'] ?? ''))));
  said['command line'] = usd(sum((await rowsOf(company, ['insight', 'trends', '--by', 'model'])).map((it) => nano(it['month_usd'] ?? ''))));
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((it) => [it, total.cost_usd])));
});

test('all time is all time on every part of a page', async ({ owner, company }) => {
  const { total } = await company.ask<Report>('report?by=team');
  const said: Record<string, string> = {};
  for (const path of ['/', '/teams', '/models', '/repos']) {
    await visit(owner, company, `${path}?since=all`);
    const all = await owner.locator('[data-total]').count();
    for (let index = 0; index < all; index += 1) said[`${path} ${index.toString()}`] = await exactOf(owner, index);
  }
  await visit(owner, company, '/teams?since=all');
  said['allocation against consumption'] = usd(sum((await taken(owner, 'teams')).map((it) => nano(it['cost_usd'] ?? ''))));
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((it) => [it, total.cost_usd])));
});

test('who moved did so by as much as in the table below', async ({ company }) => {
  type Compared = { rows: { key: { team: string }; compare: { change_nano_usd: string } | null }[] };
  type Moved = { movers: { dimension: string; value: string; compare: { change: { cost_nano_usd: string } } | null }[] };
  const { rows } = await company.ask<Compared>('report?by=team&since=this-month&compare=true');
  const { movers } = await company.ask<Moved>('insight/overview?since=this-month');
  const teams = movers.filter((it) => it.dimension === 'team');
  expect(teams.length).toBeGreaterThan(0);
  for (const it of teams) expect(it.compare?.change.cost_nano_usd, it.value).toBe(rows.find((row) => row.key.team === it.value)?.compare?.change_nano_usd);
});

test('the parts of the whole, each on its page', async ({ owner, company }) => {
  test.setTimeout(120_000);
  const { total } = await company.ask<Report>(`report?by=team&${ALL_DAYS}`);
  for (const [by, folder] of [['team', 'teams'], ['model', 'models'], ['developer', 'people']] as const) {
    const { rows } = await company.ask<Report>(`report?by=${by}&${ALL_DAYS}`);
    const shown: bigint[] = [];
    for (const row of rows) {
      const value = row.key[by] ?? '';
      // What nobody knows has no page.
      if (value === 'unknown') shown.push(BigInt(row.cost_nano_usd));
      else {
        await visit(owner, company, `/${folder}/${encodeURIComponent(value)}?${ALL_DAYS}`);
        const all = await owner.locator('[data-total]').count();
        const totals = await Promise.all(Array.from({ length: all }, (_, index) => exactOf(owner, index)));
        // Above, and below each table.
        expect(new Set(totals).size, `${by} ${value}: ${totals.join()}`).toBe(1);
        shown.push(nano(totals[0] ?? ''));
      }
    }
    expect(sum(shown).toString(), by).toBe(total.cost_nano_usd);
  }
});

test('a session is the sum of its calls, on its page and in the list', async ({ owner, company }) => {
  const { rows } = await company.ask<{ rows: { session: string; cost_usd: string }[] }>(`sessions?limit=1&${ALL_DAYS}`);
  await visit(owner, company, `/sessions/${rows[0]?.session ?? ''}`);
  expect(await exactOf(owner)).toBe(rows[0]?.cost_usd);
});

test('files add up to the total', async ({ owner, company }) => {
  const { total } = await company.ask<Report>(`report?by=team&${ALL_DAYS}`);
  await visit(owner, company, `/explore?by=repo,model&${ALL_DAYS}`);
  for (const name of ['by-repo-model', 'spend-daily']) expect(sum((await taken(owner, name)).map((it) => BigInt(it['cost_nano_usd'] ?? ''))).toString(), name).toBe(total.cost_nano_usd);
  await visit(owner, company, `/sessions?${ALL_DAYS}`);
  expect(sum((await taken(owner, 'sessions')).map((it) => nano(it['cost_usd'] ?? ''))).toString()).toBe(total.cost_nano_usd);
  await visit(owner, company, `/sources?${ALL_DAYS}`);
  expect(sum((await taken(owner, 'coverage')).map((it) => nano(it['Cost'] ?? ''))).toString()).toBe(total.cost_nano_usd);
});

test('a figure is opened down to a call', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const above = await exactOf(owner);
  await owner.getByRole('button', { name: 'how it came about' }).first().click();
  const dialog = owner.getByRole('dialog', { name: 'How this figure came about' });
  await expect(dialog).toContainText('the sum of');
  await expect(dialog.locator('.money').first()).toHaveAttribute('title', new RegExp(exactUsd(above).replace(/[$.]/g, '\\$&')));
  await dialog.getByRole('link', { name: 'The sessions behind it' }).click();
  await settled(owner);
  await owner.getByRole('region', { name: 'Sessions' }).getByRole('link').first().click();
  await owner.getByRole('region', { name: 'Calls of the session' }).getByRole('link').first().click();
  await expect(owner.getByRole('row', { name: /Rounded once, half to even/ })).toBeVisible();
});

/** An amount as the API writes it. */
function usd(amount: bigint): string {
  return `${(amount / 1_000_000_000n).toString()}.${(amount % 1_000_000_000n).toString().padStart(9, '0')}`;
}

/** What all the figures behind a chart come to, those of the period before left out. */
async function charted(chart: import('@playwright/test').Locator): Promise<bigint> {
  const names = await chart.locator('thead th').allInnerTexts();
  const before = names.indexOf('The period before');
  const titles = await chart.locator('tbody tr').evaluateAll((rows, before) => rows.flatMap((row) => [...row.querySelectorAll('td')].filter((_, index) => index + 1 !== before).map((cell) => cell.title)), before);
  return sum(titles.map(nano));
}
