/** Several pages at once, new spend, and a server that goes away and comes back. */
import { ALL_DAYS, exactOf, expect, settled, test, visit } from './company.ts';

test('new spend appears in two tabs without a reload', async ({ owner, company }) => {
  const other = await owner.context().newPage();
  for (const page of [owner, other]) {
    await visit(page, company, `/?${ALL_DAYS}`);
    await expect(page.getByText('Live', { exact: true })).toBeAttached();
  }
  const before = await exactOf(owner);
  await company.report('carla', 'feat/live');
  for (const page of [owner, other]) await expect.poll(() => exactOf(page)).not.toBe(before);
  await expect.poll(() => exactOf(other)).toBe(await exactOf(owner));
  await other.close();
});

test('what one tab changes of a budget the other shows', async ({ owner, company }) => {
  const other = await owner.context().newPage();
  await visit(other, company, '/budgets');
  await expect(other.getByText('Live', { exact: true })).toBeAttached();
  await visit(owner, company, '/budgets');
  await owner.getByRole('button', { name: 'Freeze Viktor' }).click();
  await owner.getByLabel('Why, for the audit log').fill('a look');
  await owner.getByRole('dialog').getByRole('button', { name: 'Freeze' }).click();
  await expect(other.getByRole('row', { name: /Viktor/ })).toContainText('frozen');
  await other.close();
});

test('two tabs move budget at the same moment, and both are right', async ({ owner, company }) => {
  // What is left becomes less whenever a call of an earlier test is booked.
  const allocation = async (): Promise<bigint> => {
    const { budgets } = await company.ask<{ budgets: { figures: { allocation_nano_usd: string } | null }[] }>('budgets?scope=developer%2Fcarla%40tidewater.example');
    return BigInt(budgets[0]?.figures?.allocation_nano_usd ?? '0');
  };
  const before = await allocation();
  const other = await owner.context().newPage();
  for (const page of [owner, other]) {
    await visit(page, company, '/budgets');
    await page.getByRole('button', { name: 'Transfer to Carla' }).click();
    await page.getByLabel('From', { exact: true }).fill('developer/amina@tidewater.example');
    await page.getByLabel('Amount in USD').fill('0.25');
    await page.getByLabel('Why, for the audit log').fill('both at once');
    await page.getByRole('button', { name: 'Show what it will do' }).click();
    await expect(page.getByRole('dialog')).toContainText('Nothing has changed yet');
  }
  await Promise.all([owner, other].map((page) => page.getByRole('dialog').getByRole('button', { name: 'Transfer', exact: true }).click()));
  for (const page of [owner, other]) await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await allocation()).toBe(before + 500_000_000n);
  await other.close();
});

test('a restart of the server under the page', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const before = await exactOf(owner);
  await company.restart();
  await expect(owner.getByText('Live', { exact: true })).toBeAttached({ timeout: 30_000 });
  await company.report('viktor', 'feat/after-the-restart');
  await expect.poll(() => exactOf(owner), { timeout: 30_000 }).not.toBe(before);
  const { total } = await company.ask<{ total: { cost_usd: string } }>(`report?by=team&${ALL_DAYS}`);
  await expect.poll(() => exactOf(owner)).toBe(total.cost_usd);
  await owner.getByRole('link', { name: 'Explore', exact: true }).first().click();
  await settled(owner);
});

test('without a server the page says so, and what was there stays', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  await owner.route('**/api/v1/**', (route) => route.abort());
  await owner.getByRole('link', { name: 'Sessions', exact: true }).first().click();
  await expect(owner.getByRole('alert').first()).toContainText('The server cannot be reached');
  await owner.unroute('**/api/v1/**');
  await owner.getByRole('button', { name: 'Try again' }).first().click();
  await settled(owner);
  await expect(owner.getByRole('region', { name: 'Sessions' })).toBeVisible();
});

test('rows that were read further stay when something new comes', async ({ owner, company }) => {
  await visit(owner, company, `/sessions?${ALL_DAYS}`);
  await expect(owner.getByText('Live', { exact: true })).toBeAttached();
  const rows = owner.getByRole('region', { name: 'Sessions' }).locator('tbody tr');
  const further = owner.waitForResponse(/sessions\?.*cursor=/);
  for (let shown = 50; shown < 250; shown = await rows.count()) {
    await owner.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => rows.count()).toBeGreaterThan(shown);
    await settled(owner);
  }
  await further;
  const before = await rows.count();
  await company.report('priya', 'feat/meanwhile');
  await expect(owner.getByText('There is something newer')).toBeVisible();
  await expect(rows).toHaveCount(before);
  await owner.getByRole('button', { name: 'Show it' }).click();
  await expect(owner.getByText('There is something newer')).toHaveCount(0);
  await expect(rows).toHaveCount(before);
});

test('what the page cannot read is told, and the rest goes on', async ({ owner, company }) => {
  await owner.route('**/api/v1/prices**', (route) => route.fulfill({ json: {} }));
  await owner.goto(`${company.address}/prices`);
  await expect(owner.getByRole('alert')).toContainText('A mistake of the page');
  await owner.getByRole('link', { name: 'Sources', exact: true }).first().click();
  await settled(owner);
  await expect(owner.getByRole('alert')).toHaveCount(0);
  // An answer that is no answer of Bursar's.
  await owner.unroute('**/api/v1/prices**');
  await owner.route('**/api/v1/prices**', (route) => route.fulfill({ contentType: 'text/html', body: '<p>Sign in to this network.</p>' }));
  await owner.getByRole('link', { name: 'Prices', exact: true }).first().click();
  await expect(owner.getByRole('alert')).toContainText('Is there a proxy or a sign-in page in between?');
  await owner.unroute('**/api/v1/prices**');
  await owner.getByRole('button', { name: 'Try again' }).click();
  await settled(owner);
  await expect(owner.getByRole('region', { name: 'Prices' })).toBeVisible();
});
