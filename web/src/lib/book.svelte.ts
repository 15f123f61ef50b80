/** Whether there is any spend at all, for pages that would otherwise say how to begin. */
import { ask, Refused, type Reporters } from '../api/client.ts';
import { live } from './live.svelte.ts';

class Book {
  #hasReporters = $state(true);

  /** Whether nothing was ever reported, as far as the role sees. Until it is known, something was. */
  get isEmpty(): boolean {
    return !this.#hasReporters && live.seen === 0;
  }

  async look(): Promise<void> {
    try {
      const { reporters } = await ask<Reporters>('reporters?limit=1');
      this.#hasReporters = reporters.length > 0;
    } catch (error) {
      // Who may not see reporters, or cannot ask now, is not told to begin.
      if (!(error instanceof Refused)) throw error;
      this.#hasReporters = true;
    }
  }
}

export const book = new Book();
