/** What happens at the server, as it happens: pages ask anew when something of theirs changed. */
import { Gathering } from './gathering.ts';

/** How long is waited before a stream that ended for good is opened again, in milliseconds. */
const AGAIN_MS = 5_000;
/**
 * How long after the last call budgets are asked for once more, in milliseconds: what it cost is
 * settled a moment after it came, or where no gateway saw it two minutes, and nothing tells of that.
 */
const BOOKED_MS = [5_000, 150_000];

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
  #reopens: ReturnType<typeof setTimeout> | null = null;
  #booked: ReturnType<typeof setTimeout>[] = [];
  #gathered: Record<Subject, Gathering> = {
    calls: new Gathering(() => (this.#rounds.calls += 1)),
    budgets: new Gathering(() => (this.#rounds.budgets += 1)),
  };

  /** Grows whenever something of the subject changed; who reads it is run anew. */
  round(subject: Subject): number {
    return this.#rounds[subject];
  }

  start(): void {
    if (this.#stream !== null) return;
    this.#cancel();
    this.state = 'connecting';
    const stream = new EventSource('/api/v1/events');
    this.#stream = stream;
    stream.onopen = () => {
      this.state = 'live';
    };
    stream.onerror = () => {
      this.state = 'connecting';
      if (stream.readyState !== EventSource.CLOSED) return;
      this.#close();
      this.#reopens = setTimeout(() => {
        this.#reopens = null;
        this.start();
        this.#changed();
      }, AGAIN_MS);
    };
    for (const name of OF_CALLS) {
      stream.addEventListener(name, () => {
        this.seen += 1;
        this.#changed();
        this.#willBeBooked();
      });
    }
    for (const name of OF_BUDGETS) {
      stream.addEventListener(name, () => {
        this.#gathered.budgets.add();
      });
    }
    stream.addEventListener('gap', () => {
      this.#changed();
    });
    document.addEventListener('visibilitychange', this.#looked);
    this.#looked();
  }

  /** For good, until it is started again. */
  stop(): void {
    this.#cancel();
    this.#close();
    for (const it of this.#booked) clearTimeout(it);
    this.state = 'off';
    for (const it of Object.values(this.#gathered)) it.clear();
  }

  #cancel(): void {
    if (this.#reopens !== null) clearTimeout(this.#reopens);
    this.#reopens = null;
  }

  #close(): void {
    this.#stream?.close();
    this.#stream = null;
    document.removeEventListener('visibilitychange', this.#looked);
  }

  #willBeBooked(): void {
    for (const it of this.#booked) clearTimeout(it);
    this.#booked = BOOKED_MS.map((inMs) =>
      setTimeout(() => {
        this.#gathered.budgets.add();
      }, inMs),
    );
  }

  #changed(): void {
    for (const it of Object.values(this.#gathered)) it.add();
  }

  /** A tab that nobody sees asks for nothing. */
  #looked = (): void => {
    for (const it of Object.values(this.#gathered)) it.hold(document.visibilityState === 'hidden');
  };
}

export const live = new Live();
