/**
 * Makes the company once, before all tests; each worker takes a copy. `BURSAR_SIZE=full` makes the
 * one of `bursar demo`, to measure with.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bursar, LAST_DAY } from './bursar.ts';

export default async function made(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-page-'));
  process.env.BURSAR_COMPANY = join(folder, 'company');
  await bursar(['demo', '--data', process.env.BURSAR_COMPANY, '--until', LAST_DAY, '--size', process.env.BURSAR_SIZE ?? 'small', '--no-serve']);
  return async () => {
    await rm(folder, { recursive: true, force: true });
  };
}
