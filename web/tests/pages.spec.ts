/** Each page, as it stands: without a complaint, and open to everybody. */
import AxeBuilder from '@axe-core/playwright';
import { ALL_DAYS, complaints, expect, test, visit } from './company.ts';

const PAGES: [string, string][] = [
  ['overview', `/?${ALL_DAYS}`],
  ['overview, this month', '/'],
  ['explore', `/explore?by=team,model&compare=&${ALL_DAYS}`],
  ['explore, share', `/explore?by=repo&every=weekly&view=share&team.is=platform&${ALL_DAYS}`],
  ['explore, nothing', '/explore?since=2020-01-01&until=2020-01-02'],
  ['anomalies', `/anomalies?${ALL_DAYS}`],
  ['teams', `/teams?${ALL_DAYS}`],
  ['team', `/teams/platform?${ALL_DAYS}`],
  ['person', `/people/ines%40tidewater.example?${ALL_DAYS}`],
  ['repositories', `/repos?${ALL_DAYS}`],
  ['sessions', `/sessions?${ALL_DAYS}`],
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

for (const [name, path] of PAGES) {
  test(name, async ({ owner, company }) => {
    const said = complaints(owner);
    await visit(owner, company, path);
    await expect(owner.locator('main [role="alert"]')).toHaveCount(0);
    const { violations } = await new AxeBuilder({ page: owner }).withTags(RULES).analyze();
    expect(violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
    const tooWide = await owner.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(tooWide, 'pixels beyond the width of the screen').toBeLessThanOrEqual(0);
    expect(said).toEqual([]);
  });
}

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
  const { violations } = await new AxeBuilder({ page: owner }).withTags(RULES).analyze();
  expect(violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
  const tooWide = await owner.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(tooWide, 'pixels beyond the width of the screen').toBeLessThanOrEqual(0);
  expect(said).toEqual([]);
});

test('signing in', async ({ page, company }) => {
  await page.goto(`${company.address}/explore`);
  await expect(page.getByLabel('Token')).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  expect(violations.map((it) => it.id)).toEqual([]);
});
