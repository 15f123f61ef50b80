/** What people come for, done with the keyboard alone. */
import type { Page } from '@playwright/test';
import { expect, settled, test, visit } from './company.ts';
import { Governed } from './governed.ts';

/** How long the gateway may take to settle a call, in milliseconds. */
const SETTLED_MS = 60_000;

/** The most steps from one place of the page to another. */
const MOST_TABS = 120;

/** Presses Tab, or goes back with Shift, until the focus is on something of that name, and seen to be. */
async function tabTo(page: Page, name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let steps = 0; steps < MOST_TABS; steps += 1) {
    const now = await page.evaluate(() => {
      const it = document.activeElement;
      if (it === document.body || it === null) return { name: '', isSeen: false };
      const { outlineStyle, outlineWidth } = getComputedStyle(it);
      const text = `${it.getAttribute('aria-label') ?? ''} ${it.closest('label')?.textContent ?? ''} ${it.textContent ?? ''}`;
      return { name: text.replace(/\s+/g, ' ').trim(), isSeen: it.matches(':focus-visible') && outlineStyle !== 'none' && outlineWidth !== '0px' };
    });
    if (name.test(now.name)) {
      expect(now.isSeen, `the focus on ${now.name}`).toBe(true);
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`the keyboard does not get to ${name.source}`);
}

/** `g` and a letter. */
async function goTo(page: Page, key: string, address: RegExp): Promise<void> {
  await page.keyboard.press('g');
  await page.keyboard.press(key);
  await expect(page).toHaveURL(address);
  await settled(page);
}

interface Report {
  rows: { key: { developer: string }; compare: { change_nano_usd: string } | null }[];
}

test('who caused the rise of last week', async ({ owner, company }) => {
  const { rows } = await company.ask<Report>('report?by=developer&since=7d&compare=true');
  const change = (it: Report['rows'][number]): bigint => BigInt(it.compare?.change_nano_usd ?? '0');
  const culprit = rows.reduce((most, it) => (change(it) > change(most) ? it : most)).key.developer;
  await visit(owner, company, '/');
  await goTo(owner, 'e', /\/explore/);
  // One arrives at the heading; the period stands above it.
  await tabTo(owner, /^Period/, 'Shift+Tab');
  // The week before the last day, beside the seven days before it.
  await owner.keyboard.press('ArrowUp');
  await expect(owner).toHaveURL(/since=7d/);
  await tabTo(owner, /^Cut by/);
  await owner.keyboard.press('D');
  await expect(owner).toHaveURL(/by=developer/);
  await tabTo(owner, /Compare with the period before/);
  await owner.keyboard.press('Space');
  await expect(owner).toHaveURL(/compare=/);
  await settled(owner);
  const table = owner.getByRole('region', { name: 'Spend', exact: true });
  await tabTo(owner, /^Change/);
  await owner.keyboard.press('Enter');
  await expect(table.getByRole('columnheader', { name: 'Change' })).toHaveAttribute('aria-sort', 'descending');
  const name = (await table.getByRole('row').nth(1).getByRole('link').first().innerText()).trim();
  await tabTo(owner, new RegExp(`^${name}`));
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`/people/${encodeURIComponent(culprit).replaceAll('.', '\\.')}`));
  await settled(owner);
  // And with what: their dearest session of that week.
  await tabTo(owner, /^Sessions$/);
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`developer\\.is=${encodeURIComponent(culprit).replaceAll('.', '\\.')}`));
  await settled(owner);
  const dearest = await company.ask<{ rows: { session: string }[] }>(`sessions?limit=1&since=7d&developer.is=${encodeURIComponent(culprit)}`);
  const session = dearest.rows[0]?.session ?? '';
  await tabTo(owner, new RegExp(`^${session.slice(0, 8)}$`));
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`/sessions/${session}`));
});

interface Budgets {
  budgets: { figures: { allocation_nano_usd: string; spent_nano_usd: string } | null }[];
}

test('a developer who is refused gets budget of another, and goes on', async ({ page, company: _ }) => {
  test.setTimeout(120_000);
  const governed = await Governed.start();
  try {
    const figures = async (who: string): Promise<{ allocation: bigint; spent: bigint }> => {
      const { budgets } = await governed.ask<Budgets>(`budgets?scope=${encodeURIComponent(`developer/${who}`)}`);
      const it = budgets[0]?.figures;
      return { allocation: BigInt(it?.allocation_nano_usd ?? '0'), spent: BigInt(it?.spent_nano_usd ?? '0') };
    };
    const [carla, amina] = ['carla@tidewater.example', 'amina@tidewater.example'];
    const token = await governed.developer(carla, '0.000001');
    await governed.developer(amina, '50');
    const refused = await governed.call(token);
    expect([refused.status, refused.refusal]).toEqual([429, 'budget_exceeded']);
    expect(refused.text).toContain(carla);
    const before = [await figures(carla), await figures(amina)] as const;

    await governed.signIn(page);
    await page.goto(governed.address);
    await settled(page);
    await goTo(page, 'b', /\/budgets/);
    await tabTo(page, new RegExp(`^Transfer to ${carla}`));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toBeVisible();
    await tabTo(page, /^From/);
    await page.keyboard.type(`developer/${amina}`);
    await tabTo(page, /^Amount in USD/);
    await page.keyboard.type('12,5');
    await tabTo(page, /^Why/);
    await page.keyboard.type('the deadline');
    await page.keyboard.press('Enter');
    // Twelve and a half, or a hundred and twenty-five: that is not guessed.
    await expect(dialog.getByRole('alert')).toContainText('A comma stands between thousands');
    await tabTo(page, /^Amount in USD/, 'Shift+Tab');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('12.5');
    await page.keyboard.press('Enter');
    await expect(dialog).toContainText('Nothing has changed yet');
    expect((await figures(carla)).allocation).toBe(before[0].allocation);
    await page.keyboard.press('Enter');
    await expect(dialog).toHaveCount(0);
    // Of what is left, a part may be lent to the gateway at once.
    expect([(await figures(carla)).allocation, (await figures(amina)).allocation]).toEqual([before[0].allocation + 12_500_000_000n, before[1].allocation - 12_500_000_000n]);
    await expect(page.getByRole('row', { name: new RegExp(carla) })).toContainText('moved');
    const { rows } = await governed.ask<{ rows: { action: string; reason: string | null }[] }>('audit?limit=5');
    expect(rows.find((it) => it.action === 'budget.transfer')?.reason).toBe('the deadline');

    // The same call goes through now, and its cost stands on the page.
    const answered = await governed.call(token);
    expect([answered.status, answered.refusal]).toEqual([200, null]);
    expect(answered.text).toContain('It is mended.');
    await expect.poll(async () => (await figures(carla)).spent > 0n, { timeout: SETTLED_MS }).toBe(true);
    // The page asks some seconds after the call; what is settled later than that is there when one comes again.
    await page.reload();
    await expect(page.getByRole('row', { name: new RegExp(carla) }).locator('td.number').nth(1)).not.toHaveText('$0.00');
  } finally {
    await governed.stop();
  }
});

test('a request for more is granted', async ({ owner, company }) => {
  type Requests = { requests: { id: string; scope: string; state: string; amount_nano_usd: string; granted_nano_usd: string | null }[] };
  const { requests } = await company.ask<Requests>('budget-requests?limit=200');
  const asked = requests.find((it) => it.state === 'open' && it.scope.includes('carla'));
  await visit(owner, company, '/budgets');
  await tabTo(owner, /^Answer … Carla/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toContainText('What it will do');
  await tabTo(owner, /^Grant$/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
  await expect(owner.getByRole('heading', { name: 'Answered requests' })).toBeVisible();
  const answered = (await company.ask<Requests>('budget-requests?limit=200')).requests.find((it) => it.id === asked?.id);
  expect(answered).toMatchObject({ state: 'approved', granted_nano_usd: asked?.amount_nano_usd });
});

test('from a session to a turn, to a call and back', async ({ owner, company }) => {
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  const session = rows[0]?.session ?? '';
  const { turns } = await company.ask<{ turns: { turn: number; tools: { tool: string }[]; likely_loop: boolean }[] }>(`sessions/${session}/timeline`);
  const looped = turns.find((it) => it.likely_loop);
  const name = `Turn ${looped?.turn.toString() ?? 'in circles'}`;
  await visit(owner, company, `/sessions/${session}`);
  await expect(owner.getByRole('row', { name: new RegExp(`^${name} `) })).toContainText(/looped: \d+ tries.*Bash/);
  await tabTo(owner, new RegExp(`^[▸▾] ${name}$`));
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`[?&]turn=${looped?.turn.toString() ?? ''}(&|$)`));
  const within = owner.getByRole('region', { name: `Calls of ${name.toLowerCase()}`, exact: true });
  await expect(within).toContainText('again');
  // The table's region, the heads by which it is sorted, and the first call.
  await tabTo(owner, /(^|, )\d\d:\d\d:\d\d$/);
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(/\/calls\//);
  await settled(owner);
  await expect(owner.locator('main')).toContainText('Its answer called Bash');
  await tabTo(owner, new RegExp(`^${name.toLowerCase()} of ${turns.length.toString()}$`));
  await owner.keyboard.press('Enter');
  await expect(within).toBeVisible();
  await owner.goBack();
  await expect(owner).toHaveURL(/\/calls\//);
});

test('a runaway session is stopped', async ({ owner, company }) => {
  type Stops = { stops: { scope: string; killed: { reason: string } | null }[] };
  // The dearest that nobody has stopped yet.
  const stopped = (await company.ask<Stops>('stops')).stops.map((it) => it.scope);
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=20');
  const session = rows.find((it) => !stopped.includes(`session/${it.session}`))?.session ?? '';
  await visit(owner, company, '/');
  await owner.keyboard.press('/');
  await owner.keyboard.type(session.slice(0, 8));
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`/sessions/${session.slice(0, 8)}`));
  await settled(owner);
  await tabTo(owner, /^Stop this session/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toContainText('cut off now');
  // What it will do is said before it does it.
  await expect(owner.getByRole('dialog')).toContainText('Nothing has changed yet');
  await expect(owner.getByRole('dialog')).toContainText('New calls will be refused; calls that run will be cut off');
  expect((await company.ask<Stops>('stops')).stops.map((it) => it.scope)).not.toContain(`session/${session}`);
  await tabTo(owner, /^Why/);
  await owner.keyboard.type('it runs in circles');
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
  const { stops } = await company.ask<Stops>('stops');
  expect(stops.find((it) => it.scope === `session/${session}`)?.killed?.reason).toBe('it runs in circles');
});

test('a dialog begins where there is something to fill in', async ({ owner, company }) => {
  await visit(owner, company, '/budgets');
  await tabTo(owner, /^Stop something/);
  await owner.keyboard.press('Enter');
  await owner.keyboard.type('team/platform');
  await expect(owner.getByRole('dialog').getByLabel('What', { exact: true })).toHaveValue('team/platform');
  await owner.keyboard.press('Escape');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
});

test('keys are explained, and closing gives the focus back', async ({ owner, company }) => {
  await visit(owner, company, '/');
  await tabTo(owner, /^how it came about/);
  await owner.keyboard.press('?');
  await expect(owner.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await owner.keyboard.press('Escape');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
  expect(await owner.evaluate(() => document.activeElement?.textContent)).toContain('how it came about');
});
