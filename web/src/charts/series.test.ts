import { expect, test } from 'vitest';
import type { ReportRow } from '../api/client.ts';
import { chartOf, comparedChart, MOST_SERIES, withoutGaps } from './series.ts';

function row(key: Record<string, string>, cost: bigint, before?: bigint): ReportRow {
  const compare = before === undefined ? null : { before_cost_nano_usd: before.toString() };
  return { key, cost_nano_usd: cost.toString(), compare } as unknown as ReportRow;
}

test.each([
  [[], []],
  [['2026-02-27', '2026-03-01'], ['2026-02-27', '2026-02-28', '2026-03-01']],
  [['2026-12', '2026-10'], ['2026-10', '2026-11', '2026-12']],
  [['2026-11-02', '2026-11-16'], ['2026-11-02', '2026-11-09', '2026-11-16']],
])('%j', (times, expected) => {
  expect(withoutGaps(times)).toEqual(expected);
});

test('the dearest first, and nothing is lost in the rest', () => {
  const rows = Array.from({ length: MOST_SERIES + 3 }, (_, index) => row({ day: '2026-11-01', team: `t${index.toString()}` }, BigInt(index + 1)));
  rows.push(row({ day: '2026-11-02', team: 't0' }, 9_007_199_254_740_993n));
  const chart = chartOf(rows, 'team');
  expect(chart.series.map((it) => [it.name, it.amounts.join(' ')])).toEqual([
    ['t0', '1 9007199254740993'],
    ['t9', '10 0'],
    ['t8', '9 0'],
    ['t7', '8 0'],
    ['t6', '7 0'],
    ['t5', '6 0'],
    ['t4', '5 0'],
    ['3 more', '9 0'],
  ]);
});

test('the period before stands behind', () => {
  const chart = comparedChart([row({ day: '2026-11-01' }, 5n, 3n), row({ day: '2026-11-03' }, 1n, 0n)]);
  expect(chart.times).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
  expect(chart.series.map((it) => it.amounts.join(' '))).toEqual(['5 0 1', '3 0 0']);
});
