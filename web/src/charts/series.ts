/** From the rows of a report to what a chart draws: one series a name, one amount a day. */
import type { Report, ReportRow } from '../api/client.ts';
import { byAmount, nano, total, usd } from '../lib/money.ts';
import type { Every } from '../lib/question.ts';
import { day, dayIn } from '../lib/words.ts';

/**
 * What a series is where it is not one part of the whole: what is drawn as one because there is too
 * much of it, the period before, what is to come, or what is agreed.
 */
type Role = 'rest' | 'before' | 'ahead' | 'agreed';

export interface Series {
  name: string;
  amounts: bigint[];
  role?: Role;
  /** The first time that it tells something of, and the last. */
  from?: number;
  to?: number;
  /** What it goes on from at the time before its first: drawn, and not told. */
  start?: bigint;
  /** Between what its amounts likely are. */
  likely?: { low: bigint[]; high: bigint[] };
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

/** From which day to which a chart goes, both included; none where nothing says it. */
export interface Span {
  every: Exclude<Every, ''>;
  first: string | null;
  last: string | null;
}

/**
 * The days that a report is about: those of its period, as far as there can be spend. What is open or
 * goes on into the future ends with the newest evidence, since the page reads no clock.
 */
export function spanOf({ group_by, period, sources }: Pick<Report, 'group_by' | 'period' | 'sources'>): Span {
  const every = group_by.includes('month') ? 'monthly' : group_by.includes('week') ? 'weekly' : 'daily';
  const known = later(period.last_day ?? null, sources.newest ? dayIn(sources.newest, period.timezone) : null);
  const end = period.until ? lastBefore(period.until) : null;
  return { every, first: period.since?.slice(0, 10) ?? period.first_day ?? null, last: end === null || (known !== null && known < end) ? known : end };
}

/** The last day before a moment that the server writes in its own zone. */
function lastBefore(moment: string): string {
  const day = moment.slice(0, 10);
  return moment.slice(11, 19) === '00:00:00' ? moved(day, -1) : day;
}

function later(one: string | null, other: string | null): string | null {
  return one === null || (other !== null && other > one) ? other : one;
}

function moved(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The day, week or month of a day, as the server writes it; weeks by their Monday. */
function cut(day: string, every: Span['every']): string {
  if (every === 'monthly') return day.slice(0, 7);
  return every === 'weekly' ? moved(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7)) : day;
}

function next(time: string, every: Span['every']): string {
  if (every !== 'monthly') return moved(time, every === 'weekly' ? 7 : 1);
  const [year = 0, month = 1] = time.split('-').map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 7);
}

/** All times of the span, and whatever there is besides; those without spend too. */
export function timesOf(times: readonly string[], span: Span): string[] {
  const ends = [span.first, span.last].filter((it) => it !== null).map((it) => cut(it, span.every));
  const there = [...new Set(times)].sort();
  // A span without any spend is told in words and has no chart.
  const all = there.length === 0 ? [] : [...there, ...ends].sort();
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return [];
  const out: string[] = [];
  for (let time = first; time <= last && out.length <= MOST_TIMES; time = next(time, span.every)) out.push(time);
  return out.length <= MOST_TIMES && there.every((it) => out.includes(it)) ? out : there;
}

/** Amounts of a report by time and by one dimension, the dearest first, the rest as one. */
export function chartOf(rows: readonly ReportRow[], dimension: string | null, span: Span): Chart {
  const times = timesOf(rows.map(timeOf), span);
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
  return { times, series: [...all.slice(0, MOST_SERIES), { name: `${rest.length.toString()} more`, amounts, role: 'rest' }] };
}

/** One series and, behind it, the period before. */
export function comparedChart(rows: readonly ReportRow[], span: Span): Chart {
  const chart = chartOf(rows, null, span);
  const place = new Map(chart.times.map((time, index) => [time, index]));
  const before = chart.times.map(() => 0n);
  let isThere = false;
  for (const row of rows) {
    const at = place.get(timeOf(row));
    if (at === undefined || !row.compare) continue;
    isThere = true;
    before[at] = nano(row.compare.before_cost_nano_usd);
  }
  if (isThere) chart.series.push({ name: 'The period before', amounts: before, role: 'before' });
  return chart;
}

/** What a series tells of a time; none where it tells nothing. */
export function amountAt(series: Series, index: number, amounts = series.amounts): bigint | null {
  return index < (series.from ?? 0) || index > (series.to ?? index) ? null : (amounts[index] ?? 0n);
}

/** The same as it is drawn, what it goes on from included. */
export function drawnAt(series: Series, index: number, amounts = series.amounts): bigint | null {
  if (series.start !== undefined && index === (series.from ?? 0) - 1) return series.start;
  return amountAt(series, index, amounts);
}

/** Whether a series is a part of the whole, whose parts add up. */
export function isPart({ role }: Series): boolean {
  return role === undefined || role === 'rest';
}

/** Up to how many parts of a whole those are told too that have nothing at a time. */
const FEW_PARTS = 2;

export interface Point {
  series: Series;
  place: number;
  amount: bigint;
  likely: { low: bigint; high: bigint } | null;
}

/** What there is of each series at one time: where there are many, not those that have nothing there. */
export function pointsAt(chart: Chart, index: number): Point[] {
  const isFew = chart.series.filter(isPart).length <= FEW_PARTS;
  return chart.series.flatMap((series, place) => {
    const amount = amountAt(series, index);
    if (amount === null || (amount === 0n && !isFew)) return [];
    const likely = series.likely === undefined ? null : { low: series.likely.low[index] ?? 0n, high: series.likely.high[index] ?? 0n };
    return [{ series, place, amount, likely }];
  });
}

/** The same in words. */
export function saidAt(chart: Chart, index: number, names: (name: string) => string): string {
  const points = pointsAt(chart, index).map((it) => `${names(it.series.name)} ${pointWords(it)}`);
  return `${day(chart.times[index] ?? '')}: ${points.length === 0 ? 'nothing' : points.join(', ')}`;
}

/** An amount, and between what it likely is. */
export function pointWords({ amount, likely }: Point): string {
  return likely === null ? usd(amount) : `${usd(amount)} (${usd(likely.low)} to ${usd(likely.high)})`;
}

export interface Column {
  name: string;
  at: (index: number) => bigint | null;
}

/** The columns of the table that a chart is drawn from. */
export function columnsOf(chart: Chart, names: (name: string) => string): Column[] {
  return chart.series.flatMap((series) => {
    const [name, likely] = [names(series.name), series.likely];
    const column = (name: string, amounts: bigint[]): Column => ({ name, at: (index) => amountAt(series, index, amounts) });
    return [column(name, series.amounts), ...(likely === undefined ? [] : [column(`${name}, likely from`, likely.low), column(`${name}, likely to`, likely.high)])];
  });
}
