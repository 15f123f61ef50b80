/** Budgets in words. */
import type { Budget } from '../api/client.ts';
import { names } from '../lib/names.svelte.ts';
import type { Dimension, Filter } from '../lib/question.ts';
import { scopeKind, scopeName } from '../lib/words.ts';

export const PERIODS = ['day', 'week', 'month', 'quarter', 'none'] as const;

export function periodWords(period: string): string {
  return period === 'none' ? 'in all' : `each ${period}`;
}

/** `Payments`, `each developer`, `The organisation`. */
export function scopeWords(scope: string): string {
  const [kind, name] = [scopeKind(scope), scopeName(scope)];
  if (kind === 'org') return 'The organisation';
  if (name === '*') return `Each ${kind}`;
  return names.of(kind, name);
}

/** The path of a budget in the API. */
export function budgetPath(budget: Pick<Budget, 'scope'>): string {
  return `budgets/${encodeURIComponent(budget.scope)}`;
}

export function keyOf(budget: Pick<Budget, 'scope' | 'period'>): string {
  return `${budget.scope} ${budget.period}`;
}

/** What is agreed for a period that runs, where it is told, in nano-USD. */
export function agreedFor(budgets: readonly Budget[], period: string): string | null {
  return budgets.find((it) => it.period === period)?.figures?.allocation_nano_usd ?? null;
}

/** What budgets are agreed for, of what figures are cut by. */
const BUDGETED: readonly Dimension[] = ['team', 'developer', 'repo', 'client', 'project', 'model'];

/** The scope whose budgets are about just what filters keep of a whole, where there is one. */
export function scopeOf(filters: readonly Filter[], whole: string | null): string | null {
  const [filter, ...others] = filters;
  if (filter === undefined) return whole;
  const [value, ...more] = filter.values;
  const isOne = others.length === 0 && more.length === 0 && filter.sense === 'is' && value !== undefined;
  return isOne && BUDGETED.includes(filter.dimension) ? `${filter.dimension}/${value}` : null;
}
