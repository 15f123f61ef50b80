/** What happens at the server, as it happens: pages ask anew when something of theirs changed. */

/** How long events are gathered before pages ask anew, in milliseconds. */
const GATHERED_MS = 1_000;
/** How long is waited before a stream that ended for good is opened again, in milliseconds. */
const AGAIN_MS = 5_000;

const OF_CALLS = ['call', 'corrected'] as const;
const OF_BUDGETS = ['budget', 'threshold', 'overrun', 'too_late'] as const;

export type Subject = 'calls' | 'budgets';

class Live {
  /** Whether the stream is open. */
  state = $state<'off' | 'connecting' | 'live'>('off');
  /** Calls that came since the page was opened. */
  seen = $state(0);
  #rounds = $state<Record<Subject, number>>({ calls: 0, budgets: 0 });
  #stream: EventSource | null = null;
  #waiting = new Map<Subject, number>();

  /** Grows whenever something of the subject changed; who reads it is run anew. */
  round(subject: Subject): number {
    return this.#rounds[subject];
  }

  start(): void {
    if (this.#stream !== null) return;
    this.state = 'connecting';
    const stream = new EventSource('/api/v1/events');
    this.#stream = stream;
    stream.onopen = () => {
      this.state = 'live';
    };
    stream.onerror = () => {
      this.state = 'connecting';
      if (stream.readyState !== EventSource.CLOSED) return;
      this.stop();
      setTimeout(() => {
        this.start();
        this.#changed('calls');
        this.#changed('budgets');
      }, AGAIN_MS);
    };
    for (const name of OF_CALLS) {
      stream.addEventListener(name, () => {
        this.seen += 1;
        this.#changed('calls');
        this.#changed('budgets');
      });
    }
    for (const name of OF_BUDGETS) {
      stream.addEventListener(name, () => {
        this.#changed('budgets');
      });
    }
    stream.addEventListener('gap', () => {
      this.#changed('calls');
      this.#changed('budgets');
    });
  }

  stop(): void {
    this.#stream?.close();
    this.#stream = null;
    this.state = 'off';
  }

  #changed(subject: Subject): void {
    if (this.#waiting.has(subject)) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(subject);
      this.#rounds[subject] += 1;
    }, GATHERED_MS);
    this.#waiting.set(subject, timer as unknown as number);
  }
}

export const live = new Live();
