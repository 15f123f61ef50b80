/** Each page, as it stands: without a complaint, and open to everybody. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ALL_DAYS, complaints, Empty, expect, settled, test, visit } from './company.ts';

const PAGES: [string, string][] = [
  ['overview', `/?${ALL_DAYS}`],
  ['overview, this month', '/'],
  ['explore', `/explore?by=team,model&compare=&${ALL_DAYS}`],
  ['explore, share', `/explore?by=repo&every=weekly&view=share&team.is=platform&${ALL_DAYS}`],
  ['explore, nothing', '/explore?since=2020-01-01&until=2020-01-02'],
  ['trends', '/trends'],
  ['trends, filtered', '/trends?by=developer&team.is=platform'],
  ['forecast', '/forecast'],
  ['forecast, planned', '/forecast?by=repo&course=quarter&headcount=2026-06-20:12&price=2026-07-01:*opus*:-20%25'],
  ['anomalies', `/anomalies?${ALL_DAYS}`],
  ['teams', `/teams?${ALL_DAYS}`],
  ['team', `/teams/platform?${ALL_DAYS}`],
  ['person', `/people/ines%40tidewater.example?${ALL_DAYS}`],
  ['repositories', `/repos?${ALL_DAYS}`],
  ['sessions', `/sessions?${ALL_DAYS}`],
  ['model', `/models/claude-opus-5-5?${ALL_DAYS}`],
  ['models', `/models?${ALL_DAYS}&from=claude-opus-4-8&to=claude-haiku-4-5`],
  ['budgets', '/budgets'],
  ['sources', `/sources?${ALL_DAYS}`],
  ['prices', '/prices?model=opus'],
  ['organisation', '/settings'],
  ['tokens', '/settings/tokens'],
  ['options', '/settings/options'],
  ['audit log', '/settings/audit'],
  ['no such page', '/nowhere'],
];

/** WCAG 2.2 AA, with everything before it. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Nothing that axe objects to, and nothing beyond the edge of the screen or of its panel. */
async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  expect(violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(' ')).join(' | ')}`), page.url()).toEqual([]);
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(tooWide, `pixels beyond the width of the screen at ${page.url()}`).toBeLessThanOrEqual(0);
  const tables = await page.locator('.table-scroll').evaluateAll((all) => all.filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.getAttribute('aria-label') ?? ''));
  expect(tables, `tables beyond the width of their panel at ${page.url()}`).toEqual([]);
}

for (const [name, path] of PAGES) {
  test(name, async ({ owner, company }) => {
    const said = complaints(owner);
    await visit(owner, company, path);
    await expect(owner.locator('main [role="alert"]')).toHaveCount(0);
    await clean(owner);
    expect(said).toEqual([]);
  });
}

test('amounts of budgets stand below each other, however large they are', async ({ owner, company }) => {
  type Budgets = { budgets: { scope: string; figures: Record<string, string> | null }[] };
  await owner.route('**/api/v1/budgets?limit=1000', async (route) => {
    const answer = (await (await route.fetch()).json()) as Budgets;
    const large = { spent_nano_usd: '12345670000000', allocation_nano_usd: '20000000000000' };
    const budgets = answer.budgets.map((it) => (it.scope === 'org' ? { ...it, figures: { ...it.figures, ...large } } : it));
    await route.fulfill({ json: { ...answer, budgets } });
  });
  await visit(owner, company, '/');
  const rows = owner.locator('li:has(a[href^="/budgets#"])');
  await expect(rows.filter({ hasText: 'The organisation' })).toContainText('$12,345.67 of $20,000.00');
  const ends = await rows.locator('.number').evaluateAll((all) => all.map((it) => Math.round(it.getBoundingClientRect().right)));
  expect(ends).toEqual(ends.map(() => ends[0]));
});

test('a session and its dearest call', async ({ owner, company }) => {
  const said = complaints(owner);
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  await visit(owner, company, `/sessions/${rows[0]?.session ?? ''}`);
  const session = await new AxeBuilder({ page: owner }).withTags(RULES).analyze();
  expect(session.violations.map((it) => it.id)).toEqual([]);
  await owner.getByRole('region', { name: 'Calls of the session' }).getByRole('link').first().click();
  await expect(owner.getByRole('heading', { name: 'How the cost came about' })).toBeVisible();
  const call = await new AxeBuilder({ page: owner }).withTags(RULES).analyze();
  expect(call.violations.map((it) => it.id)).toEqual([]);
  expect(said).toEqual([]);
});

test('a session with a turn open', async ({ owner, company }) => {
  const said = complaints(owner);
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  await visit(owner, company, `/sessions/${rows[0]?.session ?? ''}?turn=2`);
  await expect(owner.getByRole('button', { name: 'Turn 2', exact: true })).toHaveAttribute('aria-expanded', 'true');
  await expect(owner.getByRole('region', { name: 'Calls of turn 2', exact: true })).toBeVisible();
  await clean(owner);
  expect(said).toEqual([]);
});

test('what is in a repository: a branch, a pull request, a ticket, a client', async ({ owner, company }) => {
  test.setTimeout(120_000);
  const said = complaints(owner);
  const named = async (by: string): Promise<Record<string, string>> => {
    const { rows } = await company.ask<{ rows: { key: Record<string, string> }[] }>(`report?by=${by}&top=9&${ALL_DAYS}`);
    return rows.find((it) => !Object.values(it.key).includes('unknown'))?.key ?? {};
  };
  const [repo, branch, pr, ticket, client] = [await named('repo'), await named('branch,repo'), await named('pr'), await named('ticket'), await named('client')];
  const part = (text: string | undefined): string => encodeURIComponent(text ?? '');
  for (const path of [`/repos/${part(repo['repo'])}`, `/branches/${part(branch['branch'])}?repo=${part(branch['repo'])}`, `/pulls/${part(pr['pr'])}`, `/tickets/${part(ticket['ticket'])}`, `/clients/${part(client['client'])}`]) {
    if (path.endsWith('/')) continue;
    await visit(owner, company, `${path}${path.includes('?') ? '&' : '?'}${ALL_DAYS}`);
    await expect(owner.locator('main [role="alert"]')).toHaveCount(0);
    await clean(owner);
  }
  expect(said).toEqual([]);
});

const DIALOGS: [string, string, RegExp][] = [
  ['transfer', '/budgets', /^Transfer …/],
  ['new budget', '/budgets', /^New budget/],
  ['stop', '/budgets', /^Stop something/],
  ['amount', '/budgets', /^Amount of/],
  ['freeze', '/budgets', /^Freeze/],
  ['end', '/budgets', /^End/],
  ['answer', '/budgets', /^Answer/],
  ['new token', '/settings/tokens', /^New token/],
  ['revoke', '/settings/tokens', /^Revoke/],
  ['options', '/settings/options', /^(Show|Hide) them/],
  ['change', '/settings/audit', /^Show what changed/],
  ['verdict', `/anomalies?${ALL_DAYS}`, /^Was it expected/],
  ['derivation', `/?${ALL_DAYS}`, /^how it came about/],
];

test('each dialog', async ({ owner, company }) => {
  test.setTimeout(240_000);
  const said = complaints(owner);
  for (const [name, path, opens] of DIALOGS) {
    await visit(owner, company, path);
    await owner.getByRole('button', { name: opens }).first().click();
    await expect(owner.getByRole('dialog'), name).toBeVisible();
    await clean(owner);
    await owner.keyboard.press('Escape');
    await expect(owner.getByRole('dialog'), name).toHaveCount(0);
  }
  expect(said).toEqual([]);
});

test('a server without any spend says how to begin', async ({ page, company: _ }) => {
  test.setTimeout(240_000);
  const empty = await Empty.start();
  try {
    await page.goto(empty.link);
    await settled(page);
    // Until now nobody was signed in, which browsers complain of.
    const said = complaints(page);
    await expect(page.getByText('bursar collect --server')).toBeVisible();
    for (const path of ['/', '/explore', '/trends', '/forecast', '/anomalies', '/teams', '/repos', '/sessions', '/models', '/budgets', '/sources', '/settings', '/settings/tokens', '/settings/audit']) {
      await page.goto(`${empty.address}${path}`);
      await settled(page);
      await expect(page.locator('main [role="alert"]')).toHaveCount(0);
      await clean(page);
    }
    expect(said).toEqual([]);
  } finally {
    await empty.stop();
  }
});

test('signing in', async ({ page, company }) => {
  await page.goto(`${company.address}/explore`);
  await expect(page.getByLabel('Token')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  expect(violations.map((it) => it.id)).toEqual([]);
});
