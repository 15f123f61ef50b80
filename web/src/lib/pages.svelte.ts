/** A list of the server that is read page after page. */
import { ask, Refused } from '../api/client.ts';
import { Answer } from './answer.svelte.ts';
import { live, type Subject } from './live.svelte.ts';
import { member } from './member.svelte.ts';

/** Pages that are read at once for a file. */
const MOST_PAGES = 1_000;

interface OnePage {
  next?: string | null;
}

export class Pages<P extends OnePage> extends Answer<P[]> {
  #path = '';

  /** Whether there are more rows than were read. */
  get hasMore(): boolean {
    return typeof this.data?.at(-1)?.next === 'string';
  }

  async more(): Promise<void> {
    const next = this.data?.at(-1)?.next;
    if (typeof next !== 'string' || this.isLoading) return;
    this.isLoading = true;
    const path = this.#path;
    try {
      const page = await ask<P>(`${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`);
      if (path === this.#path) this.data = [...(this.data ?? []), page];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.failure = error;
    } finally {
      this.isLoading = false;
    }
  }

  /** Reads what is left, for a file of all of it. */
  async all(): Promise<P[]> {
    for (let pages = 0; this.hasMore && pages < MOST_PAGES; pages += 1) await this.more();
    return this.data ?? [];
  }

  /** The first page of another list, or of the same one anew. */
  begin(path: string, stop: AbortSignal): void {
    if (path !== this.#path) this.isLoading = true;
    this.#path = path;
    ask<P>(path, stop).then(
      (page) => {
        if (stop.aborted) return;
        this.data = [page];
        this.failure = null;
        this.isLoading = false;
      },
      (error: unknown) => {
        if (stop.aborted) return;
        this.isLoading = false;
        if (!(error instanceof Refused)) throw error;
        if (error.status === 401) member.signedOut();
        this.failure = error;
      },
    );
  }
}

/** Reads the first page whenever the path changes; and, while no more was read, when the subject does. */
export function pages<P extends OnePage>(path: () => string, subject: Subject | null = null): Pages<P> {
  const it = new Pages<P>();
  let turn = $state(0);
  it.again = () => {
    turn += 1;
  };
  $effect(() => {
    const wanted = path();
    void turn;
    if (subject !== null) void live.round(subject);
    const stop = new AbortController();
    it.begin(wanted, stop.signal);
    return () => {
      stop.abort();
    };
  });
  return it;
}
