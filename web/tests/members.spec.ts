/** Who gets in, and what their role shows. */
import { ALL_DAYS, Empty, expect, settled, signIn, test, visit } from './company.ts';

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
  const other = await (await browser.newContext()).newPage();
  await other.goto(link);
  await expect(other.getByRole('alert')).toBeVisible();
  await other.close();
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
