/**
 * Gathers what happens into rounds. The first after a quiet time comes nearly at once; as long as more
 * happens, one comes after each pause; and while nobody looks, none does until somebody looks again.
 */

/** What comes together is told together: how long that is waited for, in milliseconds. */
const TOGETHER_MS = 250;
/** The shortest time from one round to the next, in milliseconds. */
const PAUSE_MS = 5_000;

export class Gathering {
  readonly #round: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #hasMore = false;
  #isHeld = false;

  constructor(round: () => void) {
    this.#round = round;
  }

  /** Something happened. */
  add(): void {
    this.#hasMore = true;
    this.#next(TOGETHER_MS);
  }

  /** Nobody looks; or somebody looks again, and is told what they missed. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#next(0);
  }

  /** Forgets what was not told. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#hasMore = false;
  }

  #next(inMs: number): void {
    if (this.#timer !== null || !this.#hasMore || this.#isHeld) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isHeld) return;
      this.#hasMore = false;
      this.#round();
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#next(0);
      }, PAUSE_MS);
    }, inMs);
  }
}
