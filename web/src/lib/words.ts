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

/** To make one takes longer than to use it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** How moments are written in a time zone; in the browser's, where it does not know that one. */
function format(options: Intl.DateTimeFormatOptions, timezone?: string): Intl.DateTimeFormat {
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

/** A moment: `22 Nov 2026, 14:05`. */
export function moment(text: string | null | undefined, timezone?: string): string {
  if (text === null || text === undefined || text === '') return '–';
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return format({ dateStyle: 'medium', timeStyle: 'short' }, timezone).format(at);
}

/** The same in a narrow place: `22 Nov, 14:05`. */
export function shortMoment(text: string | null | undefined, timezone?: string): string {
  if (text === null || text === undefined || text === '') return '–';
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }, timezone).format(at);
}

/** The time of day: `14:05:09`. */
export function clock(text: string, timezone?: string): string {
  return format({ timeStyle: 'medium' }, timezone).format(new Date(text));
}

/** A calendar day, as the server writes it, for people: `Mon 2 Nov`, `Week of 2 Nov`, `November 2026`. */
export function day(text: string): string {
  if (/^\d{4}-\d{2}$/.test(text)) return inUtc(`${text}-01`, { month: 'long', year: 'numeric' });
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return inUtc(text, { weekday: 'short', day: 'numeric', month: 'short' });
  return text;
}

/** A calendar day with its year: `2 Nov 2026`. */
export function date(text: string | null | undefined): string {
  if (text === null || text === undefined) return '–';
  return inUtc(text.slice(0, 10), { day: 'numeric', month: 'short', year: 'numeric' });
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
