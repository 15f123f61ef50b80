import { expect, test } from 'vitest';
import type { Outlook, Target } from '../api/insight.ts';
import { columnsOf, drawnAt, saidAt } from '../charts/series.ts';
import { addedUp, dayByDay } from './course.ts';

const point = (day: string, dollars: number): Outlook['past'][number] => ({ day, cost_nano_usd: money(dollars), cost_usd: dollars.toString() });
const money = (dollars: number): string => (BigInt(dollars) * 1_000_000_000n).toString();
const past = [point('2026-10-31', 90), point('2026-11-01', 4), point('2026-11-02', 0), point('2026-11-03', 1)];
const ahead = [point('2026-11-03', 3), point('2026-11-04', 5)];

function ends(day: string, low: number, middle: number, high: number): NonNullable<Target['course']>[number] {
  const of = (dollars: number): { cost_nano_usd: string; cost_usd: string } => ({ cost_nano_usd: money(dollars), cost_usd: dollars.toString() });
  return { day, low: of(low), point: of(middle), high: of(high) };
}

test('the days as they were, and from today on what is to come', () => {
  const chart = dayByDay({ past, ahead } as Outlook);
  expect([2, 3, 4].map((it) => saidAt(chart, it, (name) => name))).toEqual(['Mon 2 Nov: Spent $0.00', 'Tue 3 Nov: Spent $1.00, Forecast $3.00', 'Wed 4 Nov: Forecast $5.00']);
});

test('a month adds up from its first day, beside what is agreed', () => {
  const target = { horizon: 'month', first_day: '2026-11-01', course: [ends('2026-11-03', 6, 7, 8), ends('2026-11-04', 9, 12, 16)] } as unknown as Target;
  const chart = addedUp(past, target, 20_000_000_000n);
  expect(chart.times).toEqual(['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04']);
  expect([1, 2, 3].map((it) => saidAt(chart, it, (name) => name))).toEqual([
    'Mon 2 Nov: Spent $4.00, Agreed $20.00',
    'Tue 3 Nov: Spent $5.00, Forecast $7.00 ($6.00 to $8.00), Agreed $20.00',
    'Wed 4 Nov: Forecast $12.00 ($9.00 to $16.00), Agreed $20.00',
  ]);
  expect(columnsOf(chart, (name) => name).map((it) => `${it.name}: ${[1, 2].map((at) => String(it.at(at))).join(' ')}`)).toEqual([
    'Spent: 4000000000 5000000000',
    'Forecast: null 7000000000',
    'Forecast, likely from: null 6000000000',
    'Forecast, likely to: null 8000000000',
    'Agreed: 20000000000 20000000000',
  ]);
  expect(addedUp(past, target, null).series).toHaveLength(2);
});

test('what is to come is drawn from yesterday on, and so on the last day of a month too', () => {
  const target = { horizon: 'month', first_day: '2026-11-01', course: [ends('2026-11-03', 5, 6, 8)] } as unknown as Target;
  const forecast = addedUp(past, target, null).series[1];
  expect(forecast).toMatchObject({ from: 2, start: 4_000_000_000n });
  expect([0, 1, 2].map((at) => (forecast === undefined ? null : drawnAt(forecast, at)))).toEqual([null, 4_000_000_000n, 6_000_000_000n]);
});
