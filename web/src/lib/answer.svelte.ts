/** An answer of the server that a page shows, and asks for anew when its subject changes. */
import { ask, Refused } from '../api/client.ts';
import { live, type Subject } from './live.svelte.ts';
import { member } from './member.svelte.ts';

export class Answer<T> {
  data = $state.raw<T | null>(null);
  failure = $state.raw<Refused | null>(null);
  /** Whether it is being asked for, for the first time or for another question. */
  isLoading = $state(true);
  /** Asks once more; for after a change. */
  again: () => void = () => undefined;
}

/**
 * Asks whenever the path changes, and again when the subject does. The answer before stays
 * until the next is there: nothing flickers, and scrolling is not lost. No path, no question.
 */
export function answer<T>(path: () => string | null, subject: Subject | null = 'calls'): Answer<T> {
  const it = new Answer<T>();
  let turn = $state(0);
  let asked: string | null = null;
  it.again = () => {
    turn += 1;
  };
  /** Only another path is another question, whatever it was made of. */
  const wanted = $derived(path());
  $effect(() => {
    void turn;
    if (subject !== null) void live.round(subject);
    if (wanted === null) {
      it.data = null;
      it.isLoading = false;
      return;
    }
    const stop = new AbortController();
    if (wanted !== asked) it.isLoading = true;
    asked = wanted;
    ask<T>(wanted, stop.signal).then(
      (data) => {
        if (stop.signal.aborted) return;
        it.data = data;
        it.failure = null;
        it.isLoading = false;
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        it.isLoading = false;
        if (!(error instanceof Refused)) throw error;
        if (error.status === 401) member.signedOut();
        it.failure = error;
      },
    );
    return () => {
      stop.abort();
    };
  });
  return it;
}
