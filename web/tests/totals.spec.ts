/** One sum, wherever it stands: pages, files, the API and the command line, to the nano-dollar. */
import { ALL_DAYS, exactOf, expect, test, visit } from './company.ts';

interface Report {
  total: { cost_usd: string; cost_nano_usd: string };
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
    for (let index = 0; index < all; index += 1) said[`${name} ${index.toString()}`] = await exactOf(owner, index);
  }
  const command = JSON.parse(await company.command(['report', '--by', 'repo', '--since', '2026-04-13', '--until', '2026-06-12', '--format', 'json', '--server', company.server.address])) as Report;
  said['command line'] = command.total.cost_usd;
  expect(Object.keys(said).length).toBeGreaterThan(12);
  expect(said).toEqual(Object.fromEntries(Object.keys(said).map((it) => [it, total.cost_usd])));
});

test('a file adds up to the total', async ({ owner, company }) => {
  const { total } = await company.ask<Report>(`report?by=team&${ALL_DAYS}`);
  await visit(owner, company, `/explore?by=repo,model&${ALL_DAYS}`);
  const coming = owner.waitForEvent('download');
  await owner.getByRole('link', { name: 'CSV of by-repo-model' }).click();
  const stream = await (await coming).createReadStream();
  const text = (await stream.toArray()).join('');
  const [head, ...rows] = text.trim().split(/\r?\n/);
  const column = (head ?? '').split(',').indexOf('cost_nano_usd');
  const sum = rows.reduce((all, row) => all + BigInt(row.split(',')[column] ?? '0'), 0n);
  expect(sum.toString()).toBe(total.cost_nano_usd);
});

test('a figure is opened down to a call', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  await owner.getByRole('button', { name: 'how it came about' }).first().click();
  const dialog = owner.getByRole('dialog', { name: 'How this figure came about' });
  await expect(dialog).toContainText('the sum of');
  await dialog.getByRole('link', { name: 'The sessions behind it' }).click();
  await owner.getByRole('region', { name: 'Sessions' }).getByRole('link').first().click();
  await owner.getByRole('region', { name: 'Calls of the session' }).getByRole('link').first().click();
  await expect(owner.getByRole('row', { name: /Rounded once, half to even/ })).toBeVisible();
});
