/** An answer of the server that a page shows, and asks for anew when its subject changes. */
import { untrack } from 'svelte';
import { ask, refusalOf, type Refused } from '../api/client.ts';
import { live, type Subject } from './live.svelte.ts';
import { member } from './member.svelte.ts';

const UNAUTHORISED = 401;
const FORBIDDEN = 403;

export class Answer<T> {
  data = $state.raw<T | null>(null);
  failure = $state.raw<Refused | null>(null);
  /** Whether it is being asked for, for the first time or for another question. */
  isLoading = $state(true);
  /** Whether there is something new that is not shown, since more was read; `again` shows it. */
  hasNews = $state(false);
  /** What is asked. */
  #path: string | null = null;
  /** What the data answer. */
  #answered: string | null = null;
  #running: AbortController | null = null;
  #isStale = false;

  /** Asks once more; for after a change. What is on its way may be older than that, and is followed by another. */
  readonly again = (): void => {
    if (this.#running !== null) this.#isStale = true;
    else if (this.#path !== null) this.#ask(this.#path);
  };

  /** Something of its subject changed; what the role does not see, it does not see now. */
  news(): void {
    if (this.failure?.status !== FORBIDDEN) this.again();
  }

  /** Another question. The answer before stays until the next is there; no question has none. */
  want(path: string | null): void {
    if (path !== null && path === this.#path) return;
    this.end();
    this.#path = path;
    this.isLoading = path !== null;
    this.failure = null;
    if (path === null) this.data = null;
    else this.#ask(path);
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#running?.abort();
    this.#running = null;
    this.#isStale = false;
  }

  /** Whether this is still what is asked. */
  protected isAsked(path: string): boolean {
    return path === this.#path;
  }

  protected get path(): string | null {
    return this.#path;
  }

  protected read(path: string, stop: AbortSignal): Promise<T> {
    return ask<T>(path, stop);
  }

  protected failed(error: unknown): void {
    this.failure = refusalOf(error);
    if (this.failure.status === UNAUTHORISED) member.signedOut();
  }

  #ask(path: string): void {
    const running = new AbortController();
    this.#running = running;
    this.#isStale = false;
    const ended = (then: () => void): void => {
      if (running.signal.aborted) return;
      this.#running = null;
      this.isLoading = false;
      then();
      if (this.#isStale) this.again();
    };
    this.read(path, running.signal).then(
      (data) => {
        ended(() => {
          this.data = data;
          this.#answered = path;
          this.failure = null;
        });
      },
      (error: unknown) => {
        ended(() => {
          // What answers another question is not an older answer to this one.
          if (this.#answered !== path) this.data = null;
          this.failed(error);
        });
      },
    );
  }
}

/**
 * Asks whenever the path changes, and again when the subject does. The answer before stays
 * until the next is there: nothing flickers, and scrolling is not lost. No path, no question.
 */
export function answer<T>(path: () => string | null, subject: Subject | null = 'calls'): Answer<T> {
  return following(new Answer<T>(), path, subject);
}

/** Keeps an answer at what its path and its subject say, as long as the component is there. */
export function following<A extends Answer<unknown>>(it: A, path: () => string | null, subject: Subject | null): A {
  $effect(() => {
    const wanted = path();
    untrack(() => {
      it.want(wanted);
    });
  });
  if (subject !== null) {
    let known = untrack(() => live.round(subject));
    $effect(() => {
      const round = live.round(subject);
      if (round === known) return;
      known = round;
      untrack(() => {
        it.news();
      });
    });
  }
  $effect(() => () => {
    it.end();
  });
  return it;
}
