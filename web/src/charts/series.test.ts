import { expect, test } from 'vitest';
import type { Report, ReportRow } from '../api/client.ts';
import { chartOf, comparedChart, MOST_SERIES, saidAt, spanOf, timesOf, type Span } from './series.ts';

function row(key: Record<string, string>, cost: bigint, before?: bigint): ReportRow {
  const compare = before === undefined ? null : { before_cost_nano_usd: before.toString() };
  return { key, cost_nano_usd: cost.toString(), compare } as unknown as ReportRow;
}

const DAILY: Span = { every: 'daily', first: null, last: null };
const NOVEMBER = { first: '2026-11-01', last: '2026-11-05' };

test.each<[string[], Span, string[]]>([
  [[], { ...NOVEMBER, every: 'daily' }, []],
  [['2026-02-27', '2026-03-01'], DAILY, ['2026-02-27', '2026-02-28', '2026-03-01']],
  [['2026-11-03'], { ...NOVEMBER, every: 'daily' }, ['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05']],
  // Days that are a week apart are days.
  [['2026-10-26', '2026-11-02'], DAILY, ['2026-10-26', '2026-10-27', '2026-10-28', '2026-10-29', '2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02']],
  [['2026-12', '2026-10'], { every: 'monthly', first: '2026-09-15', last: '2027-01-02' }, ['2026-09', '2026-10', '2026-11', '2026-12', '2027-01']],
  [['2026-11-02', '2026-11-16'], { every: 'weekly', first: '2026-11-01', last: '2026-11-17' }, ['2026-10-26', '2026-11-02', '2026-11-09', '2026-11-16']],
  // Of more than can be drawn, those with spend.
  [['2020-01-01', '2026-11-16'], DAILY, ['2020-01-01', '2026-11-16']],
])('%j in %j', (times, span, expected) => {
  expect(timesOf(times, span)).toEqual(expected);
});

test.each([
  // A month that is over, whatever day its last call was on.
  [{ since: '2026-05-01T00:00:00+02:00', until: '2026-06-01T00:00:00+02:00', first_day: '2026-05-04', last_day: '2026-05-29' }, '2026-06-12T10:00:00Z', ['2026-05-01', '2026-05-31']],
  // An open one, and one that ends in the future, end with the newest evidence.
  [{ since: '2026-06-01T00:00:00+02:00', until: null, first_day: '2026-06-03', last_day: '2026-06-10' }, '2026-06-12T23:30:00Z', ['2026-06-01', '2026-06-13']],
  [{ since: '2026-06-01T00:00:00+02:00', until: '2026-07-01T00:00:00+02:00', first_day: '2026-06-03', last_day: '2026-06-10' }, '2026-06-12T10:00:00Z', ['2026-06-01', '2026-06-12']],
  [{ since: null, until: null, first_day: '2026-04-13', last_day: '2026-06-12' }, null, ['2026-04-13', '2026-06-12']],
])('the span of %j', (period, newest, expected) => {
  const span = spanOf({ group_by: ['week', 'team'], period: { ...period, timezone: 'Europe/Berlin' }, sources: { newest } as Report['sources'] });
  expect(span).toEqual({ every: 'weekly', first: expected[0], last: expected[1] });
});

test('what a time is said to have', () => {
  const rows = [row({ day: '2026-11-01', team: 'web' }, 5_000_000_000n), row({ day: '2026-11-01', team: 'core' }, 1_000_000_000n), row({ day: '2026-11-03', team: 'data' }, 2_000_000_000n)];
  const chart = chartOf(rows, 'team', DAILY);
  expect([0, 1, 2].map((it) => saidAt(chart, it, (name) => name.toUpperCase()))).toEqual(['Sun 1 Nov: WEB $5.00, CORE $1.00', 'Mon 2 Nov: nothing', 'Tue 3 Nov: DATA $2.00']);
});

test('the dearest first, and nothing is lost in the rest', () => {
  const rows = Array.from({ length: MOST_SERIES + 3 }, (_, index) => row({ day: '2026-11-01', team: `t${index.toString()}` }, BigInt(index + 1)));
  rows.push(row({ day: '2026-11-02', team: 't0' }, 9_007_199_254_740_993n));
  const chart = chartOf(rows, 'team', DAILY);
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
  const chart = comparedChart([row({ day: '2026-11-01' }, 5n, 3n), row({ day: '2026-11-03' }, 1n, 0n)], DAILY);
  expect(chart.times).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
  expect(chart.series.map((it) => it.amounts.join(' '))).toEqual(['5 0 1', '3 0 0']);
});
