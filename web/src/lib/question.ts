/**
 * A question to the book, as it stands in the address of the page and as the server takes it.
 * The two are alike on purpose: whoever reads an address can ask the same on the command line.
 */

export const DIMENSIONS = [
  'team',
  'developer',
  'repo',
  'branch',
  'pr',
  'ticket',
  'model',
  'provider',
  'tool',
  'task',
  'client',
  'project',
  'cost_centre',
  'session',
] as const;

export type Dimension = (typeof DIMENSIONS)[number];

export const DIMENSION_NAMES: Record<Dimension, string> = {
  team: 'Team',
  developer: 'Developer',
  repo: 'Repository',
  branch: 'Branch',
  pr: 'Pull request',
  ticket: 'Ticket',
  model: 'Model',
  provider: 'Provider',
  tool: 'Tool',
  task: 'Task type',
  client: 'Client',
  project: 'Project',
  cost_centre: 'Cost centre',
  session: 'Session',
};

/** How time is cut; empty is one sum over the whole period. */
export type Every = '' | 'daily' | 'weekly' | 'monthly';

export const VIEWS = ['stacked', 'share', 'lines'] as const;
export type View = (typeof VIEWS)[number];

/** From when to when, in the server's words: `this-month`, `30d`, `2026-11-01`; empty is open. */
export interface Period {
  since: string;
  until: string;
}

/** Whether a filter's values are patterns with `*` and `!`, or names letter by letter. */
export type Sense = 'like' | 'is';
const SENSES: readonly Sense[] = ['like', 'is'];

export interface Filter {
  dimension: Dimension;
  sense: Sense;
  values: string[];
}

/** The name of a filter in an address and to the server: `branch`, `branch.is`. */
function parameterOf(filter: Pick<Filter, 'dimension' | 'sense'>): string {
  return filter.sense === 'is' ? `${filter.dimension}.is` : filter.dimension;
}

export interface Question extends Period {
  by: Dimension[];
  every: Every;
  compare: boolean;
  view: View;
  filters: Filter[];
}

/** What is shown where the address says nothing. */
export const DEFAULT_PERIOD: Period = { since: 'this-month', until: '' };
/** The word for a period that is open on both sides. */
const ALL_TIME = 'all';
/** The word in an address for one sum over the whole period. */
const NOT_BY_TIME = 'none';
/** The server cuts by three dimensions at most. */
export const MOST_DIMENSIONS = 3;

export function isDimension(text: string): text is Dimension {
  return (DIMENSIONS as readonly string[]).includes(text);
}

function among<T extends string>(all: readonly T[], text: string | null, otherwise: NoInfer<T>): T {
  return all.find((it) => it === text) ?? otherwise;
}

export function readPeriod(search: URLSearchParams): Period {
  const since = search.get('since');
  if (since === ALL_TIME) return { since: '', until: '' };
  const until = search.get('until') ?? '';
  return since === null && until === '' ? { ...DEFAULT_PERIOD } : { since: since ?? '', until };
}

export function writePeriod(period: Period, search: URLSearchParams): void {
  search.delete('since');
  search.delete('until');
  if (period.since === '' && period.until === '') search.set('since', ALL_TIME);
  else if (period.since !== DEFAULT_PERIOD.since || period.until !== '') {
    if (period.since !== '') search.set('since', period.since);
    if (period.until !== '') search.set('until', period.until);
  }
}

/**
 * A link to another page for a period. What the path asks for already stays; a period in it counts
 * more than the one that is looked at.
 */
export function linkTo(path: string, search: URLSearchParams | Record<string, string>, period: Period): string {
  const [, page = '', query = '', target = ''] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(path) ?? [];
  const all = new URLSearchParams(query);
  const added = new URLSearchParams(search);
  for (const name of new Set(added.keys())) all.delete(name);
  for (const [name, value] of added) all.append(name, value);
  if (!all.has('since') && !all.has('until')) writePeriod(period, all);
  return `${page}${all.size === 0 ? '' : `?${all.toString()}`}${target}`;
}

export function readQuestion(search: URLSearchParams): Question {
  const by = (search.get('by') ?? 'team').split(',').filter(isDimension).slice(0, MOST_DIMENSIONS);
  const kinds = DIMENSIONS.flatMap((dimension) => SENSES.map((sense) => ({ dimension, sense })));
  const filters = kinds.map((it): Filter => ({ ...it, values: search.getAll(parameterOf(it)).filter((value) => value !== '') }));
  return {
    ...readPeriod(search),
    by: by.length === 0 ? ['team'] : [...new Set(by)],
    every: search.get('every') === NOT_BY_TIME ? '' : among(['daily', 'weekly', 'monthly'], search.get('every'), 'daily'),
    compare: search.has('compare'),
    view: among(VIEWS, search.get('view'), 'stacked'),
    filters: filters.filter((it) => it.values.length > 0),
  };
}

export function writeQuestion(question: Question): URLSearchParams {
  const search = new URLSearchParams();
  if (question.by.join() !== 'team') search.set('by', question.by.join());
  if (question.every !== 'daily') search.set('every', question.every === '' ? NOT_BY_TIME : question.every);
  writePeriod(question, search);
  if (question.compare) search.set('compare', '');
  if (question.view !== 'stacked') search.set('view', question.view);
  writeFilters(question.filters, search);
  return search;
}

/** What the server is asked with for a period and filters. */
export function asked(period: Period, filters: readonly Filter[] = []): URLSearchParams {
  const search = filtered(filters);
  if (period.since !== '') search.set('since', period.since);
  else if (period.until === '') search.set('since', ALL_TIME);
  if (period.until !== '') search.set('until', period.until);
  return search;
}

/** Filters alone: for an address that keeps the period, and for what has one of its own. */
export function filtered(filters: readonly Filter[]): URLSearchParams {
  const search = new URLSearchParams();
  writeFilters(filters, search);
  return search;
}

function writeFilters(filters: readonly Filter[], search: URLSearchParams): void {
  for (const it of filters) for (const value of it.values) search.append(parameterOf(it), value);
}

/** From the large to the small: what is worth looking at next within something. */
const WITHIN: readonly Dimension[] = ['team', 'developer', 'repo', 'branch', 'session', 'model'];

/** What is cut by next, once these are settled. */
export function nextCut(filters: readonly Filter[]): Dimension {
  return WITHIN.find((it) => !filters.some((filter) => filter.dimension === it)) ?? 'session';
}

/** The filters that keep one value of a dimension, in place of what was said of it before. */
export function narrowed(filters: readonly Filter[], dimension: Dimension, value: string): Filter[] {
  return [...filters.filter((it) => it.dimension !== dimension), only(dimension, value)];
}

/** The filter that keeps one value and nothing else. */
export function only(dimension: Dimension, value: string): Filter {
  return { dimension, sense: 'is', values: [value] };
}

/** The question with one value more, or without it where it was there. */
export function toggled(filters: readonly Filter[], dimension: Dimension, value: string, sense: Sense = 'is'): Filter[] {
  const there = filters.find((it) => it.dimension === dimension && it.sense === sense);
  if (there === undefined) return [...filters, { dimension, sense, values: [value] }];
  const values = there.values.includes(value) ? there.values.filter((it) => it !== value) : [...there.values, value];
  return filters.map((it) => (it === there ? { ...it, values } : it)).filter((it) => it.values.length > 0);
}
