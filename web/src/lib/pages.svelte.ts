/** A list of the server that is read page after page. */
import { ask, failure, refusalOf, type Refused } from '../api/client.ts';
import { Answer, following } from './answer.svelte.ts';
import type { Subject } from './live.svelte.ts';

/** Pages that are read at once for a file. */
const MOST_PAGES = 1_000;

interface OnePage {
  next?: string | null;
}

function after(path: string, next: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`;
}

export class Pages<P extends OnePage> extends Answer<P[]> {
  #reading: Promise<Refused | null> | null = null;
  /** What the pages that are there answer. */
  #of: string | null = null;

  /** Whether there are more rows than were read. */
  get hasMore(): boolean {
    return typeof this.data?.at(-1)?.next === 'string';
  }

  /** Reads one page more; what goes wrong is the failure of the list. */
  async more(): Promise<void> {
    const wrong = await this.#further();
    if (wrong !== null) this.failed(wrong);
  }

  /** Reads what is left, for a file of all of it; a part of it is none. */
  async all(): Promise<P[]> {
    const path = this.path;
    for (let pages = 0; this.hasMore; pages += 1) {
      if (pages >= MOST_PAGES) throw failure('too_long', 'Too much', 'There are more rows than the page can read. Narrow it with a filter or a shorter period.');
      const wrong = await this.#further();
      if (wrong !== null) throw wrong;
      if (path !== this.path) throw failure('changed', 'Another list', 'Meanwhile the page shows another list. Take the file again.');
    }
    return this.data ?? [];
  }

  /** Rows that somebody reads are not taken away from under them. */
  override news(): void {
    if (this.#reading !== null || (this.data?.length ?? 0) > 1) this.hasNews = true;
    else super.news();
  }

  override end(): void {
    super.end();
    this.#reading = null;
    this.hasNews = false;
  }

  /** The first page of another list; of the same one as many pages as were there. */
  protected override async read(path: string, stop: AbortSignal): Promise<P[]> {
    const pages = [await ask<P>(path, stop)];
    const before = this.#of === path ? (this.data?.length ?? 0) : 0;
    for (let next = pages[0]?.next; typeof next === 'string' && pages.length < before; next = pages.at(-1)?.next) pages.push(await ask<P>(after(path, next), stop));
    if (!stop.aborted) {
      this.#of = path;
      this.hasNews = false;
      // What is being read goes on from the list before.
      this.#reading = null;
    }
    return pages;
  }

  /** Waits for the page that is being read, or reads the next. */
  #further(): Promise<Refused | null> {
    if (this.#reading !== null) return this.#reading;
    const reading = this.#next().finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    this.#reading = reading;
    return reading;
  }

  async #next(): Promise<Refused | null> {
    const [path, known] = [this.path, this.data];
    const next = known?.at(-1)?.next;
    if (path === null || known === null || typeof next !== 'string') return null;
    this.isLoading = true;
    try {
      const page = await ask<P>(after(path, next));
      // Where the list was read anew meanwhile, the page belongs to what is no longer there.
      if (this.data === known && this.isAsked(path)) {
        // Whoever sees the page come may ask for the next one at once.
        this.#reading = null;
        this.data = [...known, page];
      }
      return null;
    } catch (error) {
      return this.isAsked(path) ? refusalOf(error) : null;
    } finally {
      if (this.isAsked(path)) this.isLoading = false;
    }
  }
}

/** Reads the first page whenever the path changes; and, while no more was read, when the subject does. */
export function pages<P extends OnePage>(path: () => string | null, subject: Subject | null = null): Pages<P> {
  return following(new Pages<P>(), path, subject);
}
