/** What `/api/v1/insight/…` answers: the documents `bursar.insight.TOPIC/1` of `docs/report-json.md`. */
import type { components } from './schema.d.ts';

/** In these documents no field is left out: where there is nothing, it is `null`. */
type Whole<T> = T extends readonly (infer E)[] ? Whole<E>[] : T extends object ? { [K in keyof T]-?: Whole<T[K]> } : T;
type Of<Name extends keyof components['schemas']> = Whole<components['schemas'][Name]>;

export type Amount = Of<'WireMoney'>;
export type Comparison = Of<'WireMove'>;
export type Moved = Of<'WireMoved'>;

/** Until when something is forecast. */
export type Horizon = 'month' | 'quarter' | 'next_quarter';
export type Errors = Of<'WireErrors'>;
export type Target = Of<'WireTarget'> & { horizon: Horizon };
/** One series and what will become of it. */
export type Outlook = Omit<Of<'WireOutlook'>, 'targets'> & { targets: Target[] };
export type Forecast = Omit<Of<'WireForecast'>, 'whole' | 'rows'> & { whole: Outlook; rows: ({ value: string } & Outlook)[] };

export type Subject = Of<'WireSubject'>;
export type Anomaly = Of<'WireAnomaly'>;
export type Anomalies = Of<'WireAnomalies'>;

export type BudgetLine = Of<'WireBudgetCourse'>;
export type TeamLine = Of<'WireTeam'>;
export type Teams = Of<'WireTeams'>;
export type Overview = Omit<Of<'WireOverview'>, 'forecast'> & { forecast: Target[] };

/** One series: thirty days, the week and the month, each against the one before, and its last weeks. */
export type TrendLine = Of<'WireTrend'>;
export type Trends = Of<'WireTrends'>;
export type Efficiency = Of<'WireEfficiency'>;
export type ModelAdvice = Of<'WireModels'>;
