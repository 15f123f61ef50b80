/** Numbers, moments and names as people read them. */

/** What the server says where nobody knows. */
export const UNKNOWN = 'unknown';
/** The same for people. */
export const NOT_KNOWN = 'not known';

const whole = new Intl.NumberFormat('en-US');
const short = new Intl.NumberFormat('en-US', { notation: 'compact', minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function count(value: number): string {
  return whole.format(value);
}

/** A count of tokens: `1.2M`. */
export function tokens(value: number): string {
  return value < 1000 ? count(value) : short.format(value);
}

/** `1 call`, `2 calls`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A percentage as the server writes it, `-1823.6`, for people and without its sign: `1,823.6 %`. */
export function percent(text: string): string {
  return `${text.replace('-', '').replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',')} %`;
}

/** The organisation's time zone, in which every moment is told; the browser's until it is known. */
let organisation: string | undefined;

/** Says in which zone moments are told from now on. */
export function tellIn(timezone: string | null | undefined): void {
  organisation = timezone ?? undefined;
}

/** The zone that moments are told in, as people read it: `Europe/Berlin`. */
export function zone(timezone?: string): string {
  return format({}, timezone).resolvedOptions().timeZone;
}

/** To make one takes longer than to use it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** How moments are written in the organisation's zone, or in another; in the browser's, where it does not know that one. */
function format(options: Intl.DateTimeFormatOptions, timezone = organisation): Intl.DateTimeFormat {
  const key = `${timezone ?? ''} ${Object.entries(options).join()}`;
  let it = formats.get(key);
  if (it === undefined) {
    try {
      it = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: timezone });
    } catch {
      it = new Intl.DateTimeFormat('en-GB', options);
    }
    formats.set(key, it);
  }
  return it;
}

function told(text: string | null | undefined, options: Intl.DateTimeFormatOptions, timezone?: string): string {
  if (text === null || text === undefined || text === '') return '–';
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : format(options, timezone).format(at);
}

/** A moment: `22 Nov 2026, 14:05`. */
export function moment(text: string | null | undefined, timezone?: string): string {
  return told(text, { dateStyle: 'medium', timeStyle: 'short' }, timezone);
}

/** The same with its zone, for where it is pointed at: `22 Nov 2026, 14:05 Europe/Berlin`. */
export function zonedMoment(text: string | null | undefined, timezone?: string): string {
  const it = moment(text, timezone);
  return it === '–' ? it : `${it} ${zone(timezone)}`;
}

/** The same in a narrow place: `22 Nov, 14:05`. */
export function shortMoment(text: string | null | undefined, timezone?: string): string {
  return told(text, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }, timezone);
}

/** The time of day: `14:05:09`. */
export function clock(text: string, timezone?: string): string {
  return told(text, { timeStyle: 'medium' }, timezone);
}

/** The time of day; where moments are of several days, with its day: `22 Nov, 14:05:09`. */
export function clockAmong(all: readonly string[], timezone?: string): (text: string) => string {
  const days = new Set(all.filter((it) => it !== '').map((it) => dayIn(it, timezone)));
  if (days.size <= 1) return (text) => clock(text, timezone);
  return (text) => told(text, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' }, timezone);
}

/** The calendar day of a moment, as the server writes days: `2026-11-22`. */
export function dayIn(text: string, timezone?: string): string {
  const parts = told(text, { year: 'numeric', month: '2-digit', day: '2-digit' }, timezone).split('/');
  return parts.length === 3 ? parts.reverse().join('-') : text.slice(0, 10);
}

/** A calendar day, as the server writes it, for people: `Mon 2 Nov`, `Week of 2 Nov`, `November 2026`. */
export function day(text: string): string {
  if (/^\d{4}-\d{2}$/.test(text)) return inUtc(`${text}-01`, { month: 'long', year: 'numeric' });
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return inUtc(text, { weekday: 'short', day: 'numeric', month: 'short' });
  return text;
}

/** A calendar day with its year, `2 Nov 2026`; of a moment, the organisation's day. */
export function date(text: string | null | undefined): string {
  if (text === null || text === undefined) return '–';
  const day = text.length > 10 && organisation !== undefined ? dayIn(text) : text.slice(0, 10);
  return inUtc(day, { day: 'numeric', month: 'short', year: 'numeric' });
}

function inUtc(text: string, options: Intl.DateTimeFormatOptions): string {
  const at = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? text : format(options, 'UTC').format(at);
}

/** A length of time: `2 h 5 min`. */
export function length(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000).toString()} s`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return `${minutes.toString()} min`;
  return rest === 0 ? `${hours.toString()} h` : `${hours.toString()} h ${rest.toString()} min`;
}

/** A scope of budgets as people say it: `team Web`. */
export function scopeKind(scope: string): string {
  return scope.split('/', 1)[0] ?? scope;
}

export function scopeName(scope: string): string {
  const slash = scope.indexOf('/');
  return slash < 0 ? 'The organisation' : scope.slice(slash + 1);
}
