/** The tree of budgets as a file: each budget with all its figures, exact. */
import type { Budget } from '../api/client.ts';
import { csv, type Cell } from '../lib/csv.ts';
import { nano } from '../lib/money.ts';

const amount = (text: string | null | undefined): Cell => (text === null || text === undefined ? '' : nano(text));

const COLUMNS: Record<string, (it: Budget) => Cell> = {
  scope: (it) => it.scope,
  period: (it) => it.period,
  parent: (it) => it.parent ?? '',
  kind: (it) => (it.is_template ? 'for each' : 'own'),
  ceiling: (it) => it.terms?.ceiling ?? '',
  starts_at: (it) => it.starts_at ?? '',
  resets_at: (it) => it.resets_at ?? '',
  agreed_usd: (it) => amount(it.terms?.amount_nano_usd),
  carried_usd: (it) => amount(it.figures?.carried_nano_usd),
  moved_usd: (it) => amount(it.figures?.moved_nano_usd),
  allocation_usd: (it) => amount(it.figures?.allocation_nano_usd),
  spent_usd: (it) => amount(it.figures?.spent_nano_usd),
  reserved_usd: (it) => amount(it.figures?.reserved_nano_usd),
  leased_usd: (it) => amount(it.figures?.leased_nano_usd),
  left_usd: (it) => amount(it.figures?.left_nano_usd),
  promised_usd: (it) => amount(it.figures?.promised_nano_usd),
  unpromised_usd: (it) => amount(it.figures?.unpromised_nano_usd),
  overrun_usd: (it) => amount(it.figures?.overrun_nano_usd),
  forecast_usd: (it) => amount(it.figures?.forecast_nano_usd),
  state: (it) => (it.killed ? 'killed' : it.frozen ? 'frozen' : 'open'),
};

export function budgetFile(budgets: readonly Budget[]): string {
  const columns = Object.values(COLUMNS);
  return csv(Object.keys(COLUMNS), budgets.map((it) => columns.map((of) => of(it))));
}
