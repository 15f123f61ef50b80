/** Where the page is. The address holds the whole state, so that it can be sent to somebody. */
import { linkTo, readPeriod, writePeriod, type Period } from './question.ts';

/** What an address says of the page and not of its question: the order of rows, a table for a chart, what is drawn. */
const KEPT = ['sort', 'as', 'course'];

class Address {
  path = $state(location.pathname);
  search = $state.raw(new URLSearchParams(location.search));
  /** The place within the page that is meant, as the id of an element; or none. */
  target = $state(targeted());

  constructor() {
    addEventListener('popstate', () => {
      this.#read();
    });
  }

  get period(): Period {
    return readPeriod(this.search);
  }

  /** The parts of the path, decoded. */
  get parts(): string[] {
    return this.path.split('/').filter((it) => it !== '').map(decoded);
  }

  /** Goes to another page. */
  go(to: string): void {
    if (to !== location.pathname + location.search + location.hash) history.pushState(null, '', to);
    // Whoever follows a link again wants to get there again.
    this.target = '';
    this.#read();
    if (this.target === '') scrollTo(0, 0);
  }

  /** Changes what the page shows, and stays there. */
  show(search: URLSearchParams, how: 'push' | 'replace' = 'push'): void {
    const to = at(this.path, search);
    if (how === 'push') history.pushState(null, '', to);
    else history.replaceState(null, '', to);
    this.#read();
  }

  /** The same page with one parameter changed; empty takes it away. */
  set(name: string, value: string, how: 'push' | 'replace' = 'push'): void {
    const search = new URLSearchParams(this.search);
    if (value === '') search.delete(name);
    else search.set(name, value);
    this.show(search, how);
  }

  setPeriod(period: Period): void {
    const search = new URLSearchParams(this.search);
    writePeriod(period, search);
    this.show(search);
  }

  /** What another question asks for, shown as this one is. */
  keeping(search: URLSearchParams): URLSearchParams {
    const all = new URLSearchParams(search);
    for (const name of KEPT) {
      const value = this.search.get(name);
      if (value !== null) all.set(name, value);
    }
    return all;
  }

  /** Another page for the same period; the path may ask for something already. */
  to(path: string, search: URLSearchParams | Record<string, string> = {}): string {
    return linkTo(path, search, this.period);
  }

  #read(): void {
    this.path = location.pathname;
    this.search = new URLSearchParams(location.search);
    this.target = targeted();
  }
}

/** What is behind the # of a sign-in link is a secret and no place; the way past the sidebar is the browser's own. */
function targeted(): string {
  return location.pathname === '/sign-in' || location.hash === '#main' ? '' : location.hash.slice(1);
}

function at(path: string, search: URLSearchParams): string {
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const address = new Address();

/** A click on a link of this page, which needs no reload; modified clicks stay the browser's. */
export function followed(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (link === null || link === undefined || link.hasAttribute('download') || link.target !== '') return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || to.pathname.startsWith('/api/') || to.hash === '#main') return;
  event.preventDefault();
  address.go(to.pathname + to.search + to.hash);
}
