/** Who gets in, and what their role shows. */
import { ALL_DAYS, complaints, Empty, expect, settled, signIn, test, visit } from './company.ts';

/** A place beside every dialog. */
const BESIDE = [5, 5] as const;

test('a token signs in, a wrong one is told', async ({ page, company }) => {
  await page.goto(`${company.address}/explore?by=repo`);
  await page.getByLabel('Token').fill('bsr_wrong_token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Token').fill(await company.token('owner'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  // One is where one wanted to go.
  await settled(page);
  await expect(page).toHaveURL(/\/explore\?by=repo/);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByLabel('Token')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Token')).toBeVisible();
});

test('the link signs in once', async ({ page, company, browser }) => {
  const link = company.server.link.replace(company.server.address, company.address);
  await page.goto(link);
  await settled(page);
  expect(page.url()).not.toContain('#');
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await other.goto(link);
  await expect(other.getByRole('alert')).toBeVisible();
  await elsewhere.close();
});

test('two servers on one host keep a browser signed in at both', async ({ owner, company }) => {
  const other = await Empty.start();
  try {
    await visit(owner, company, '/');
    await owner.goto(other.link);
    await settled(owner);
    await visit(owner, company, '/');
    await owner.goto(other.address);
    await settled(owner);
    await owner.getByRole('button', { name: 'Sign out' }).click();
    await expect(owner.getByLabel('Token')).toBeVisible();
    await visit(owner, company, '/');
  } finally {
    await other.stop();
  }
});

test('what a role has nothing to do with is not on its page', async ({ page, company }) => {
  await signIn(page, company, 'carla');
  const said = complaints(page);
  await visit(page, company, `/?${ALL_DAYS}`);
  await expect(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Settings' })).toHaveCount(0);
  await page.keyboard.press('g');
  await page.keyboard.press(',');
  await expect(page).not.toHaveURL(/settings/);
  await page.goto(`${company.address}/settings`);
  await expect(page.getByText('Your role does not see the organisation’s directory')).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Settings' })).toHaveCount(0);
  // Nothing was asked that would have been refused.
  expect(said).toEqual([]);
});

test('a token is made once, copied by hand where it has to be, and owners are left to owners', async ({ page, company }) => {
  const known = async (): Promise<number> => (await company.ask<{ tokens: unknown[] }>('tokens?limit=1000')).tokens.length;
  // As a browser is on a page without https.
  await page.addInitScript(() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); });
  await signIn(page, company, 'admin');
  await visit(page, company, '/settings/tokens');
  const table = page.getByRole('region', { name: 'Tokens', exact: true });
  await expect(table.getByRole('row').filter({ has: page.getByRole('cell', { name: 'owner', exact: true }) }).first()).toBeVisible();
  await expect(table.getByRole('row').filter({ has: page.getByRole('cell', { name: 'owner', exact: true }) }).getByRole('button')).toHaveCount(0);
  await page.getByRole('button', { name: 'New token …' }).click();
  const dialog = page.getByRole('dialog');
  expect((await dialog.getByLabel('Role').locator('option').allInnerTexts()).filter((it) => it.startsWith('owner'))).toEqual([]);
  await dialog.getByLabel('Role').selectOption('collector');
  await dialog.getByLabel('Why, for the audit log').fill('a look around');
  // Text that is marked over the edge of the dialog does not close it.
  const heading = await dialog.getByRole('heading').boundingBox();
  await page.mouse.move((heading?.x ?? 0) + 5, (heading?.y ?? 0) + 5);
  await page.mouse.down();
  await page.mouse.move(...BESIDE);
  await page.mouse.up();
  await expect(dialog.getByLabel('Why, for the audit log')).toHaveValue('a look around');
  const before = await known();
  await dialog.getByRole('button', { name: 'Make it' }).dblclick();
  await expect(dialog).toContainText('bsr_');
  expect(await known()).toBe(before + 1);
  // It is shown this once: a click too many, where the larger dialog was before, does not take it away.
  await page.mouse.click(...BESIDE);
  await expect(dialog).toContainText('bsr_');
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await expect(dialog.getByRole('status')).toContainText('copy it with Ctrl+C');
  expect(await page.evaluate(() => getSelection()?.toString())).toBe(await dialog.locator('code').innerText());
  await dialog.getByRole('button', { name: 'Done' }).click();
  // What was said of one is not said of the next.
  await table.getByRole('button', { name: /^Revoke/ }).first().click();
  await expect(dialog.getByLabel('Why, for the audit log')).toHaveValue('');
  await page.mouse.click(...BESIDE);
  await expect(dialog).toHaveCount(0);
});

test('a developer sees their own, and asks for more', async ({ page, company }) => {
  await signIn(page, company, 'carla');
  await visit(page, company, `/explore?by=developer&${ALL_DAYS}`);
  await expect(page.getByRole('region', { name: 'Spend', exact: true }).getByRole('row')).toHaveCount(3);
  await visit(page, company, '/budgets');
  await expect(page.getByRole('button', { name: 'Stop something' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Ask for more' })).toBeVisible();
  await page.goto(`${company.address}/settings/tokens`);
  await expect(page.getByText('Only owners and administrators see this')).toBeVisible();
});

test('finance sees teams and no individuals', async ({ page, company }) => {
  await signIn(page, company, 'finance');
  await visit(page, company, `/teams?${ALL_DAYS}`);
  await expect(page.getByRole('region', { name: 'Spend by team' })).toBeVisible();
  await expect(page.getByText('Developers and sessions are not shown to your role')).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Sessions' })).toHaveCount(0);
  for (const path of ['/', '/teams', '/teams/platform', '/sources', '/anomalies', '/repos']) {
    await visit(page, company, `${path}?${ALL_DAYS}`);
    await expect(page.getByRole('alert'), path).toHaveCount(0);
  }
  await page.goto(`${company.address}/sessions?${ALL_DAYS}`);
  await expect(page.getByText('Individuals are not shown to your role')).toBeVisible();
});
