/** What a forecast is drawn as: the days one by one, or how they add up to what a period will have come to. */
import type { Outlook, Target } from '../api/insight.ts';
import type { Chart } from '../charts/series.ts';
import { nano } from '../lib/money.ts';

type Point = Outlook['past'][number];

/** The last weeks as they were, and from today on what is to come. */
export function dayByDay({ past, ahead }: Outlook): Chart {
  const times = [...new Set([...past, ...ahead].map((it) => it.day))].sort();
  const of = (points: readonly Point[]): bigint[] => {
    const by = new Map(points.map((it) => [it.day, nano(it.cost_nano_usd)]));
    return times.map((time) => by.get(time) ?? 0n);
  };
  const [today, until] = [times.indexOf(ahead[0]?.day ?? ''), times.indexOf(past.at(-1)?.day ?? '')];
  return {
    times,
    series: [
      { name: 'Spent', amounts: of(past), to: until },
      { name: 'Forecast', amounts: of(ahead), role: 'ahead', from: today },
    ],
  };
}

/** What will have been spent of a period by the end of each of its days, beside what is agreed for it. */
export function addedUp(past: readonly Point[], target: Target, agreed: bigint | null): Chart {
  const course = target.course ?? [];
  const spent = past.filter((it) => it.day >= target.first_day);
  const times = [...new Set([...spent, ...course].map((it) => it.day))].sort();
  const by = new Map(course.map((it) => [it.day, it]));
  const of = (which: 'point' | 'low' | 'high'): bigint[] => times.map((time) => nano(by.get(time)?.[which].cost_nano_usd ?? '0'));
  let sum = 0n;
  const sums = new Map(spent.map((it) => [it.day, (sum += nano(it.cost_nano_usd))]));
  const from = times.indexOf(course[0]?.day ?? '');
  const chart: Chart = {
    times,
    series: [
      { name: 'Spent', amounts: times.map((time) => sums.get(time) ?? 0n), to: times.indexOf(spent.at(-1)?.day ?? '') },
      { name: 'Forecast', amounts: of('point'), role: 'ahead', from, start: sums.get(times[from - 1] ?? '') ?? 0n, likely: { low: of('low'), high: of('high') } },
    ],
  };
  if (agreed !== null) chart.series.push({ name: 'Agreed', amounts: times.map(() => agreed), role: 'agreed' });
  return chart;
}
