/** From the rows of a report to what a chart draws: one series a name, one amount a day. */
import type { ReportRow } from '../api/client.ts';
import { byAmount, nano, total } from '../lib/money.ts';

export interface Series {
  name: string;
  amounts: bigint[];
  /** What is drawn as one because there is too much of it. */
  isRest?: boolean;
  /** The period before, drawn behind. */
  isBefore?: boolean;
  /** Where what is to come begins; before it nothing is drawn. */
  aheadFrom?: number;
}

export interface Chart {
  /** Days, weeks or months as the server writes them, without gaps. */
  times: string[];
  series: Series[];
}

/** Series that can be told from each other. */
export const MOST_SERIES = 7;
const DAY_MS = 86_400_000;
/** Days that are drawn one by one; beyond it, only those with spend are. */
const MOST_TIMES = 800;

const TIMES = ['day', 'week', 'month'] as const;

/** The time in a row's key. */
function timeOf(row: ReportRow): string {
  for (const name of TIMES) {
    const time = row.key[name];
    if (time !== undefined) return time;
  }
  return '';
}

function next(time: string): string {
  const [year = 0, month = 1, day] = time.split('-').map(Number);
  if (day === undefined) return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 7);
  return new Date(Date.UTC(year, month - 1, day) + DAY_MS).toISOString().slice(0, 10);
}

/** All times from the first to the last, those without spend too. */
export function withoutGaps(times: readonly string[]): string[] {
  const there = [...new Set(times)].sort();
  const [first, last] = [there[0], there.at(-1)];
  if (first === undefined || last === undefined) return [];
  const isWeekly = there.length > 1 && there.every((it) => it.length === 10 && (Date.parse(it) - Date.parse(first)) % (7 * DAY_MS) === 0);
  const out: string[] = [];
  for (let time = first; time <= last && out.length < MOST_TIMES; ) {
    out.push(time);
    for (let steps = isWeekly ? 7 : 1; steps > 0; steps -= 1) time = next(time);
  }
  return there.every((it) => out.includes(it)) ? out : there;
}

/** Amounts of a report by time and by one dimension, the dearest first, the rest as one. */
export function chartOf(rows: readonly ReportRow[], dimension: string | null): Chart {
  const times = withoutGaps(rows.map(timeOf));
  const place = new Map(times.map((time, index) => [time, index]));
  const by = new Map<string, bigint[]>();
  for (const row of rows) {
    const name = dimension === null ? 'Spend' : (row.key[dimension] ?? 'unknown');
    let amounts = by.get(name);
    if (amounts === undefined) by.set(name, (amounts = times.map(() => 0n)));
    const at = place.get(timeOf(row));
    if (at !== undefined) amounts[at] = (amounts[at] ?? 0n) + nano(row.cost_nano_usd);
  }
  const all = [...by].map(([name, amounts]): Series => ({ name, amounts }));
  all.sort((one, other) => byAmount(total(other.amounts), total(one.amounts)) || one.name.localeCompare(other.name));
  if (all.length <= MOST_SERIES) return { times, series: all };
  const rest = all.slice(MOST_SERIES);
  const amounts = times.map((_, index) => total(rest.map((it) => it.amounts[index] ?? 0n)));
  return { times, series: [...all.slice(0, MOST_SERIES), { name: `${rest.length.toString()} more`, amounts, isRest: true }] };
}

/** One series and, behind it, the period before. */
export function comparedChart(rows: readonly ReportRow[]): Chart {
  const chart = chartOf(rows, null);
  const place = new Map(chart.times.map((time, index) => [time, index]));
  const before = chart.times.map(() => 0n);
  let isThere = false;
  for (const row of rows) {
    const at = place.get(timeOf(row));
    if (at === undefined || !row.compare) continue;
    isThere = true;
    before[at] = nano(row.compare.before_cost_nano_usd);
  }
  if (isThere) chart.series.push({ name: 'The period before', amounts: before, isBefore: true });
  return chart;
}
