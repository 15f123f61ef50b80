/** Every table can be taken as a file: all of its rows, and amounts to the nano-dollar. */
import { ALL_DAYS, expect, settled, signIn, test, visit } from './company.ts';
import { exactUsd, nano, sum, taken } from './taken.ts';

/** Every page with a table, and the files that it offers. */
const FILES: [string, string[]][] = [
  [`/?${ALL_DAYS}`, ['by-team', 'by-developer', 'by-repo', 'by-model', 'spend-daily']],
  [`/anomalies?${ALL_DAYS}`, ['anomalies']],
  [`/explore?by=team,model&${ALL_DAYS}`, ['by-team-model', 'spend-daily']],
  ['/trends?by=repo', ['trends-by-repo', 'trends-days']],
  ['/forecast', ['forecast', 'forecast-by-team', 'forecast-methods', 'forecast-month']],
  [`/teams?${ALL_DAYS}`, ['teams', 'by-developer', 'by-client', 'by-cost_centre', 'cache-hits']],
  [`/teams/platform?${ALL_DAYS}`, ['by-developer', 'by-repo', 'by-model', 'by-client']],
  [`/repos?${ALL_DAYS}`, ['by-repo', 'by-pr', 'by-branch', 'by-ticket', 'by-project']],
  [`/sessions?${ALL_DAYS}`, ['sessions']],
  [`/models?${ALL_DAYS}`, ['by-model', 'cheaper-models', 'by-provider', 'by-tool']],
  ['/budgets', ['budgets']],
  [`/sources?${ALL_DAYS}`, ['reporters', 'coverage']],
  ['/prices?model=opus', ['prices']],
  ['/settings', ['teams', 'developers']],
  ['/settings/tokens', ['tokens']],
  ['/settings/audit', ['audit-log']],
];

for (const [path, names] of FILES) {
  test(`files of ${path.split('?')[0] ?? path}`, async ({ owner, company }) => {
    await visit(owner, company, path);
    for (const name of names) expect((await taken(owner, name)).length, name).toBeGreaterThan(0);
    // No table of the page is without one: each stands in a panel that offers it.
    const file = { name: /^CSV of / };
    for (const panel of await owner.locator('main section:has(table)').all()) await expect(panel.getByRole('link', file).or(panel.getByRole('button', file)).first()).toBeAttached();
  });
}

test('the tree of budgets, as the server knows it', async ({ owner, company }) => {
  const { budgets } = await company.ask<{ budgets: { scope: string; period: string; figures: Record<string, string> | null }[] }>('budgets?limit=1000');
  await visit(owner, company, '/budgets');
  const rows = await taken(owner, 'budgets');
  expect(rows.map((it) => `${it['scope'] ?? ''} ${it['period'] ?? ''}`)).toEqual(budgets.map((it) => `${it.scope} ${it.period}`));
  for (const [index, { figures }] of budgets.entries()) {
    for (const name of ['spent_usd', 'allocation_usd', 'left_usd', 'unpromised_usd']) expect(rows[index]?.[name], name).toBe(figures?.[name] ?? '');
  }
});

test('the audit log, whole: more than is read at once', async ({ owner, company }) => {
  // One act has a row for each entry that it changes; the page reads two hundred rows at a time.
  const team = (index: number): string => `\n[[cost_centre]]\nid = "CC-${index.toString()}"\n`;
  const file = Array.from({ length: 230 }, (_, index) => team(index)).join('');
  const applied = await owner.request.put(`${company.address}/api/v1/org`, { data: file, headers: { 'X-Bursar-Page': '1', 'content-type': 'application/toml' } });
  expect(applied.status(), await applied.text()).toBe(200);
  const { rows: newest } = await company.ask<{ rows: { seq: number }[] }>('audit?limit=1');
  await visit(owner, company, '/settings/audit');
  const rows = await taken(owner, 'audit-log');
  expect(rows.length).toBe(newest[0]?.seq);
  expect(new Set(rows.map((it) => it['seq'])).size).toBe(rows.length);
  const laid = rows.find((it) => it['id'] === 'CC-0');
  expect([laid?.['kind'], laid?.['before'], JSON.parse(laid?.['after'] ?? '')]).toMatchObject(['cost_centre', '', {}]);
});

test('a file that cannot be whole is none', async ({ owner, company }) => {
  await owner.route('**/api/v1/audit?limit=200', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...((await answer.json()) as object), next: 'further' } });
  });
  let tries = 0;
  await owner.route('**/api/v1/audit?*cursor=*', (route) => {
    tries += 1;
    return route.abort();
  });
  let files = 0;
  owner.on('download', () => { files += 1; });
  await visit(owner, company, '/settings/audit');
  await owner.getByRole('button', { name: 'CSV of audit-log' }).click();
  await expect(owner.getByRole('alert').filter({ hasText: 'No file was written' })).toContainText('The server cannot be reached');
  expect([tries, files]).toEqual([1, 0]);
});

test('a file of trends is what the page shows', async ({ owner, company }) => {
  await visit(owner, company, '/trends?by=developer');
  const rows = await taken(owner, 'trends-by-developer');
  const table = owner.getByRole('region', { name: 'Trends', exact: true });
  for (const row of rows.slice(0, 5)) await expect(table.getByTitle(`${exactUsd(row['last_30_days_usd'] ?? '')} exactly`).first()).toBeAttached();
  await signIn(owner, company, 'finance');
  await owner.reload();
  await settled(owner);
  await expect(owner.getByText('Individuals are not shown to your role').first()).toBeVisible();
});

test('turns and calls of a session add up to it in their files', async ({ owner, company }) => {
  const { rows } = await company.ask<{ rows: { session: string; cost_nano_usd: string }[] }>('sessions?limit=1');
  const [session] = rows;
  if (session === undefined) throw new Error('the company has no session');
  await visit(owner, company, `/sessions/${session.session}`);
  for (const [name, cost] of [[`session-${session.session}-turns`, 'cost_usd'], [`session-${session.session}`, 'Cost']] as const) {
    expect(sum((await taken(owner, name)).map((it) => nano(it[cost] ?? ''))).toString(), name).toBe(session.cost_nano_usd);
  }
});
