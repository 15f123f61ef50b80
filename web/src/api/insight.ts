/** What `/api/v1/insight/…` answers: the documents `bursar.insight.TOPIC/1` of `docs/report-json.md`, as far as pages show them. */

export interface Amount {
  cost_nano_usd: string;
  cost_usd: string;
}

export interface Comparison {
  before: Amount;
  before_calls: number;
  change: Amount;
  change_per_mille: number | null;
  new: boolean;
  flagged: boolean;
}

export interface Moved extends Amount {
  calls: number;
  unpriced_calls: number;
  compare: Comparison | null;
}

export interface Target {
  horizon: 'month' | 'quarter' | 'next_quarter';
  first_day: string;
  last_day: string;
  spent: Amount;
  total: { point: Amount; low: Amount; high: Amount } | null;
  method: string | null;
  errors: Errors | null;
}

/** How far such forecasts were off, and what the other methods would have been. */
export interface Errors {
  tried_days: number;
  tries: number;
  total_per_mille: number | null;
  wape_per_mille: number | null;
  mase_per_mille: number | null;
  coverage_per_mille: number | null;
  methods: { method: string; total_per_mille: number | null }[];
}

export interface Point extends Amount {
  day: string;
}

/** One series and what will become of it. */
export interface Outlook {
  history: History;
  history_days: number;
  targets: Target[];
  past: Point[];
  ahead: Point[];
}

export interface Forecast {
  today: string;
  by: string | null;
  interval_percent: number;
  developers: number;
  whole: Outlook;
  rows: ({ value: string } & Outlook)[];
}

export interface BudgetLine {
  scope: string;
  period: string;
  last_day: string;
  hard: boolean;
  allocation: Amount;
  spent: Amount;
  left: Amount;
  spent_per_mille: number | null;
  elapsed_per_mille: number | null;
  runs_out: string | null;
  forecast: Amount | null;
  in_danger: boolean;
}

export interface Subject {
  kind: string;
  value: string;
}

export interface Anomaly {
  id: string;
  subject: Subject;
  rule: string;
  first_day: string;
  last_day: string;
  cost: Amount;
  usual: Amount;
  excess: Amount;
  reason: string;
  /** The parameters of `/api/v1/report` that open its calls. */
  calls: { name: string; value: string }[];
  causes: ({ subject: Subject } & Amount)[];
  seen_in: Subject[];
  repeats: number;
  verdict: { verdict: 'expected' | 'unexpected'; note: string; by: string; at: string } | null;
}

export interface DeveloperDay {
  days: number;
  median: Amount | null;
  p90: Amount | null;
}

/** `enough`, or how little history there is. */
export type History = string;

export interface Overview {
  developers: number | null;
  developer_day: DeveloperDay | null;
  history: History;
  forecast: Target[];
  budgets_in_danger: BudgetLine[];
  movers: ({ dimension: string; value: string } & Moved)[];
  anomalies: Anomaly[];
  anomalies_settled: number;
  unattributed: ({ dimension: string; cost_per_mille: number | null } & Amount)[];
  coverage: { calls: number; seen_once: number } | null;
  freshness: { newest: string | null; minutes_old: number | null };
}

/** One series: thirty days, the week and the month, each against the one before, and its last weeks. */
export interface TrendLine {
  rolling_30_days: Moved;
  week: Moved;
  month: Moved;
  weeks: Point[];
}

export interface Trends {
  today: string;
  by: string | null;
  whole: TrendLine;
  rows: ({ value: string } & TrendLine)[];
  left_out: number;
  days: ({ rolling: Amount } & Point)[];
}

export interface Anomalies {
  first_day: string;
  last_day: string;
  told: Anomaly[];
  settled: Anomaly[];
}

export interface TeamLine extends Moved {
  team: string;
  share_per_mille: number | null;
  developers: number;
  developer_day: DeveloperDay | null;
  burn_per_day: Amount | null;
  budgets: BudgetLine[];
}

export interface Teams {
  rows: TeamLine[];
}

export interface Efficiency {
  developers: number;
  developer_day: DeveloperDay | null;
  input_tokens_per_output_token: string | null;
  cache_hit_per_mille: number | null;
  cache_weeks: { day: string; hit_per_mille: number | null }[];
  cache_by_team: { team: string; weeks: { day: string; hit_per_mille: number | null }[] }[];
  sessions: {
    sessions: number;
    median_cost: Amount | null;
    p90_cost: Amount | null;
    active_ms: number;
    idle_ms: number;
    median_turns: number | null;
    median_turns_per_active_hour: string | null;
    median_first_context_tokens: number | null;
    median_peak_context_tokens: number | null;
    median_context_growth: string | null;
    compactions: number;
    large_contexts: { threshold: number; sessions: number; dearest: string[] } & Amount;
    likely_loops: { threshold: number; sessions: number; dearest: string[] } & Amount;
  };
  top_spenders: ({ part: string; developers: number; cost_per_mille: number | null } & Amount)[];
}

export interface ModelAdvice {
  cheaper: { from: string; to: string; calls: number; actual: Amount; hypothetical: Amount; change_per_mille: number | null }[];
  caveat: string;
}
