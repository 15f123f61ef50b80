/** Where the page is. The address holds the whole state, so that it can be sent to somebody. */
import { readPeriod, writePeriod, type Period } from './question.ts';

class Address {
  path = $state(location.pathname);
  search = $state.raw(new URLSearchParams(location.search));

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
    if (to !== location.pathname + location.search) history.pushState(null, '', to);
    this.#read();
    scrollTo(0, 0);
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

  /** Another page for the same period. */
  to(path: string, search: URLSearchParams | Record<string, string> = {}): string {
    const all = new URLSearchParams(search);
    if (!all.has('since') && !all.has('until')) writePeriod(this.period, all);
    return at(path, all);
  }

  #read(): void {
    this.path = location.pathname;
    this.search = new URLSearchParams(location.search);
  }
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
  if (to.origin !== location.origin || to.pathname.startsWith('/api/') || (to.hash !== '' && to.pathname === location.pathname)) return;
  event.preventDefault();
  address.go(to.pathname + to.search);
}
