/** What people come for, done with the keyboard alone. */
import type { Page } from '@playwright/test';
import { expect, settled, test, visit } from './company.ts';

/** The most steps from one place of the page to another. */
const MOST_TABS = 120;

/** Presses Tab until the focus is on something of that name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let steps = 0; steps < MOST_TABS; steps += 1) {
    const now = await page.evaluate(() => {
      const it = document.activeElement;
      if (it === document.body) return '';
      return `${it?.getAttribute('aria-label') ?? ''} ${it?.closest('label')?.textContent ?? ''} ${it?.textContent ?? ''}`.replace(/\s+/g, ' ').trim();
    });
    if (name.test(now)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not get to ${name.source}`);
}

test('who caused the rise of last week', async ({ owner, company }) => {
  await visit(owner, company, '/');
  await owner.keyboard.press('g');
  await owner.keyboard.press('e');
  await expect(owner).toHaveURL(/\/explore/);
  await settled(owner);
  await tabTo(owner, /^Period/);
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
  const who = table.getByRole('row').nth(1);
  await expect(who).toContainText('Ines');
  await tabTo(owner, /^Ines/);
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(/\/people\/ines/);
  await settled(owner);
  await tabTo(owner, /^Sessions$/);
});

test('a developer who is refused gets budget of another', async ({ owner, company }) => {
  const left = async (scope: string): Promise<bigint> => {
    const { budgets } = await company.ask<{ budgets: { figures: { left_nano_usd: string } | null }[] }>(`budgets?scope=${encodeURIComponent(scope)}`);
    return BigInt(budgets[0]?.figures?.left_nano_usd ?? '0');
  };
  const carla = 'developer/carla@tidewater.example';
  const before = await left(carla);
  await visit(owner, company, '/');
  await owner.keyboard.press('g');
  await owner.keyboard.press('b');
  await settled(owner);
  await tabTo(owner, /^Transfer to Carla/);
  await owner.keyboard.press('Enter');
  const dialog = owner.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await tabTo(owner, /^From/);
  await owner.keyboard.type('developer/amina@tidewater.example');
  await tabTo(owner, /^Amount in USD/);
  await owner.keyboard.type('12.5');
  await tabTo(owner, /^Why/);
  await owner.keyboard.type('the deadline');
  await owner.keyboard.press('Enter');
  await expect(dialog).toContainText('Nothing has changed yet');
  expect(await left(carla)).toBe(before);
  await owner.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(await left(carla)).toBe(before + 12_500_000_000n);
  await expect(owner.getByRole('row', { name: /Carla/ })).toContainText('moved');
});

test('a request for more is granted', async ({ owner, company }) => {
  await visit(owner, company, '/budgets');
  const asked = owner.getByRole('listitem').filter({ hasText: 'Carla' });
  await asked.getByRole('button', { name: 'Answer' }).focus();
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toContainText('What it will do');
  await tabTo(owner, /^Grant$/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
  await expect(owner.getByRole('heading', { name: 'Answered requests' })).toBeVisible();
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
  await tabTo(owner, /^\d\d:\d\d:\d\d$/);
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
  const { rows } = await company.ask<{ rows: { session: string }[] }>('sessions?limit=1');
  const session = rows[0]?.session ?? '';
  await visit(owner, company, '/');
  await owner.keyboard.press('/');
  await owner.keyboard.type(session.slice(0, 8));
  await owner.keyboard.press('Enter');
  await expect(owner).toHaveURL(new RegExp(`/sessions/${session.slice(0, 8)}`));
  await settled(owner);
  await tabTo(owner, /^Stop this session/);
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toContainText('cut off now');
  await tabTo(owner, /^Why/);
  await owner.keyboard.type('it runs in circles');
  await owner.keyboard.press('Enter');
  await expect(owner.getByRole('dialog')).toHaveCount(0);
  const { stops } = await company.ask<{ stops: { scope: string; killed: { reason: string } | null }[] }>('stops');
  expect(stops.find((it) => it.scope === `session/${session}`)?.killed?.reason).toBe('it runs in circles');
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
