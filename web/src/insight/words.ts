/** Forecasts in words. */
import { share } from '../lib/money.ts';

export const HORIZONS = { month: 'This month', quarter: 'This quarter', next_quarter: 'Next quarter' } as const;

const METHODS: Record<string, string> = {
  weekday_median: 'median of each weekday',
  weekday_mean: 'mean of each weekday',
  fading_weeks: 'recent weeks count more',
  damped_trend: 'damped trend',
  blend: 'mean of the others',
};

export function methodWords(method: string | null): string {
  return method === null ? '–' : (METHODS[method] ?? method.replaceAll('_', ' '));
}

/** The days that a trend is of, by the server's name for them. */
const VIEWS: Record<string, string> = { last_30_days: 'Last 30 days', this_week: 'This week', last_week: 'Last week', this_month: 'This month', last_month: 'Last month' };

export function viewWords(kind: string): string {
  return VIEWS[kind] ?? kind.replaceAll('_', ' ');
}

/** Thousandths as per cent; what was not tried has none. */
export function offBy(perMille: number | null | undefined): string {
  return perMille === null || perMille === undefined ? '–' : share(BigInt(perMille), 1000n);
}
