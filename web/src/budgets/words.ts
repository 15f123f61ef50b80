/** Budgets in words. */
import type { Budget } from '../api/client.ts';
import { names } from '../lib/names.svelte.ts';
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
