/** Names that were chosen to do harm come to nothing. */
import { ALL_DAYS, complaints, exactOf, expect, settled, test, visit } from './company.ts';

const HOSTILE = [
  '<script>document.title="taken"</script>',
  '<img src=x onerror=alert(1)>',
  `feat/${'very-long-'.repeat(20)}end`,
  'feat/\u202egnp.exe\u202c-\u05e9\u05dc\u05d5\u05dd',
  'a,b!c*d',
  "=HYPERLINK(\"http://x\")",
];

test('hostile branches are text, each to be filtered by itself', async ({ owner, company }) => {
  for (const branch of HOSTILE) await company.report('amina', branch);
  const said = complaints(owner);
  owner.on('dialog', (dialog) => { said.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await visit(owner, company, `/explore?by=branch&${ALL_DAYS}&developer.is=amina%40tidewater.example`);
  const { rows } = await company.ask<{ rows: { key: { branch: string }; cost_usd: string }[] }>(`report?by=branch&developer.is=amina@tidewater.example&${ALL_DAYS}`);
  const known = rows.filter((it) => HOSTILE.includes(it.key.branch));
  expect(known.map((it) => it.key.branch).sort()).toEqual([...HOSTILE].sort());
  for (const { key, cost_usd } of known) {
    await owner.getByRole('button', { name: `Filter by ${key.branch}`, exact: true }).click();
    await settled(owner);
    expect(await exactOf(owner)).toBe(cost_usd);
    // The address holds it: another page shows the same.
    await owner.reload();
    await settled(owner);
    expect(await exactOf(owner)).toBe(cost_usd);
    await owner.getByRole('group', { name: 'Filters' }).getByRole('button').filter({ hasText: 'Branch' }).click();
    await settled(owner);
  }
  for (const path of [`/trends?by=branch&developer.is=amina%40tidewater.example`, `/forecast?by=branch`, `/sessions?developer.is=amina%40tidewater.example&${ALL_DAYS}`, ...HOSTILE.map((it) => `/branches/${encodeURIComponent(it)}?${ALL_DAYS}`), `/explore?by=branch&${ALL_DAYS}&developer.is=amina%40tidewater.example`]) {
    await visit(owner, company, path);
    expect(await owner.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0);
  }
  expect(await owner.title()).toBe('Explore · Bursar');
  expect(await owner.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(said).toEqual([]);
});
