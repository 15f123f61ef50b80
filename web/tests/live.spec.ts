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
  expect(await exactOf(owner)).toBe(await exactOf(other));
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

test('a restart of the server under the page', async ({ owner, company }) => {
  await visit(owner, company, `/?${ALL_DAYS}`);
  const before = await exactOf(owner);
  await company.restart();
  await expect(owner.getByText('Live', { exact: true })).toBeAttached({ timeout: 30_000 });
  await company.report('viktor', 'feat/after-the-restart');
  await expect.poll(() => exactOf(owner), { timeout: 30_000 }).not.toBe(before);
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
