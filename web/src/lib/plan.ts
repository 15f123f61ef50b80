/**
 * What will be different from the past, for a forecast: how many developers there will be, and
 * which prices change. It stands in the address as the server takes it, `headcount=2026-12-01:48`
 * and `price=2026-12-01:*opus*:-20%`, so that a link holds it.
 */

export const KINDS = ['headcount', 'price'] as const;
export type Kind = (typeof KINDS)[number];

export interface Step {
  kind: Kind;
  /** As the address and the server have it. */
  text: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const HEADCOUNT = /^(\d{4}-\d{2}-\d{2}):\s*(\d{1,7})$/;
const PRICE = /^(\d{4}-\d{2}-\d{2}):(?:([^:]+(?::[^:]+)*):)?\s*([+-]?\d{1,7}(?:\.\d)?)\s*%?$/;
const MOST_DEVELOPERS = 1_000_000;
/** Nothing becomes cheaper than free, nor dearer than a hundred times as much. */
const [LOWEST, HIGHEST] = [-100, 10_000];
/** Steps that the server takes at most. */
export const MOST_STEPS = 64;

/** The steps that an address has, whether they make sense or not. */
export function readPlan(search: URLSearchParams): Step[] {
  const texts = (kind: Kind): string[] => search.getAll(kind).flatMap((it) => it.split(',')).map((it) => it.trim());
  return KINDS.flatMap((kind) => texts(kind).filter((it) => it !== '').map((text) => ({ kind, text })));
}

export function writePlan(steps: readonly Step[], search: URLSearchParams): void {
  for (const kind of KINDS) {
    search.delete(kind);
    for (const step of steps) if (step.kind === kind) search.append(kind, step.text);
  }
}

/** From when a step holds, and what it says; none where it makes no sense. */
export function understood(step: Step): { from: string; what: string; models: string } | null {
  const [, from = '', first = '', second = ''] = (step.kind === 'headcount' ? HEADCOUNT : PRICE).exec(step.text) ?? [];
  if (!isDay(from)) return null;
  return step.kind === 'headcount' ? { from, what: first, models: '' } : { from, what: signed(second), models: first };
}

function signed(change: string): string {
  return `${/^[+-]/.test(change) ? change : `+${change}`} %`.replace('-', '−');
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return DAY.test(text) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** A step of what somebody typed; or in words what is wrong with it. */
export function headcountStep(from: string, developers: string): Step | string {
  if (!isDay(from)) return 'Say from which day on, as 2026-12-01.';
  const count = developers.trim();
  if (!/^\d{1,7}$/.test(count) || Number(count) > MOST_DEVELOPERS) return 'Say how many developers there will be, as a whole number from 0 to 1,000,000.';
  return { kind: 'headcount', text: `${from}:${Number(count).toString()}` };
}

/** The same for a price; no models are all of them. */
export function priceStep(from: string, models: string, change: string): Step | string {
  if (!isDay(from)) return 'Say from which day on, as 2026-12-01.';
  const by = change.trim().replace(/%$/, '').replace('−', '-').trim();
  if (!/^[+-]?\d{1,6}(\.\d)?$/.test(by) || Number(by) < LOWEST || Number(by) > HIGHEST) return 'Say by how many per cent, from −100 to +10000 with at most one decimal: −20 for a fifth less.';
  const pattern = models.trim();
  if (/[,:\s]/.test(pattern)) return 'Name one model or a pattern with *, as *opus*, without commas, colons or blanks.';
  const number = by.replace(/^\+/, '');
  return { kind: 'price', text: `${from}:${pattern === '' ? '' : `${pattern}:`}${number.startsWith('-') ? number : `+${number}`}%` };
}
