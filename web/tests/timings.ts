/**
 * How long it takes from what somebody does to the next picture, and until everything is there.
 * Input comes from the browser's own input queue, as from a hand. The first figure is the one that the
 * browser itself keeps of every interaction (Event Timing: from the input to the paint that
 * follows what it caused); the second ends when nothing of the page waits any more. Beside them
 * stands how long the page's thread had the processor for all of it: that alone says the same on a
 * machine that has other things to do.
 */
import type { CDPSession, Locator, Page } from '@playwright/test';

/** What a picture may take, in milliseconds; what takes longer is marked. */
const MOST_MS = 100;
/** The browser does not keep what is shorter, in milliseconds. */
const SHORTEST_MS = 16;

interface Watched extends Window {
  interactions: { began: number; took: number }[];
  inputAt: number;
}

interface Row {
  what: string;
  picture: number[];
  all: number[];
  work: number[];
}

/** Has to be called before the first page is opened. */
export async function watch(page: Page): Promise<void> {
  await page.addInitScript((shortest) => {
    const watched = window as unknown as Watched;
    watched.interactions = [];
    watched.inputAt = 0;
    const seen = (list: PerformanceObserverEntryList): void => {
      for (const it of list.getEntries()) watched.interactions.push({ began: it.startTime, took: it.duration });
    };
    new PerformanceObserver(seen).observe({ type: 'event', durationThreshold: shortest } as PerformanceObserverInit);
    for (const name of ['pointerdown', 'keydown', 'click', 'change']) {
      addEventListener(name, (event) => { watched.inputAt = event.timeStamp; }, { capture: true });
    }
  }, SHORTEST_MS);
}

export class Timings {
  readonly #rows: Row[] = [];
  readonly #watched = new WeakMap<Page, CDPSession>();

  /** Milliseconds of the processor that the page's thread has had. */
  async #worked(page: Page): Promise<number> {
    let session = this.#watched.get(page);
    if (session === undefined) {
      session = await page.context().newCDPSession(page);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      this.#watched.set(page, session);
    }
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find((it) => it.name === 'TaskDuration')?.value ?? 0);
  }

  /** Does something once and keeps its figures under that name. */
  async of(page: Page, what: string, deed: () => Promise<void>): Promise<void> {
    await page.evaluate(() => { (window as unknown as Watched).interactions.length = 0; });
    const before = await this.#worked(page);
    await deed();
    const [picture, all] = await page.evaluate(async (shortest) => {
      const watched = window as unknown as Watched;
      const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
      const began = watched.inputAt;
      let settled = 0;
      let quiet = 0;
      while (quiet < 2) {
        const waits = document.querySelector('main .waiting, main [aria-busy="true"]') !== null;
        settled = performance.now();
        quiet = waits ? 0 : quiet + 1;
        await frame();
      }
      // The browser tells of an interaction some frames after it.
      await new Promise((resolve) => setTimeout(resolve, 150));
      return [Math.max(shortest, ...watched.interactions.map((it) => it.took)), settled - began] as const;
    }, SHORTEST_MS);
    let row = this.#rows.find((it) => it.what === what);
    if (row === undefined) this.#rows.push((row = { what, picture: [], all: [], work: [] }));
    row.work.push((await this.#worked(page)) - before);
    row.picture.push(picture);
    row.all.push(all);
  }

  /** Presses something with the mouse. It is looked for before: that is the tester's work and not the page's. */
  async click(page: Page, what: string, target: Locator): Promise<void> {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (box === null) throw new Error(`${what}: there is nothing to press`);
    await this.of(page, what, () => page.mouse.click(box.x + box.width / 2, box.y + box.height / 2));
  }

  toString(): string {
    const width = Math.max(...this.#rows.map((it) => it.what.length));
    const head = `${'interaction'.padEnd(width)}  tries  to the picture: middle  longest   all there: middle  longest   work: middle`;
    const number = (value: number, places: number): string => `${value.toFixed(0)} ms`.padStart(places);
    const lines = this.#rows.map((it) => [it.what.padEnd(width), it.picture.length.toString().padStart(6), number(middle(it.picture), 23), number(Math.max(...it.picture), 8), number(middle(it.all), 19), number(Math.max(...it.all), 8), number(middle(it.work), 15), middle(it.picture) > MOST_MS ? ' above 100 ms' : ''].join(' ').trimEnd());
    return [head, ...lines].join('\n');
  }
}

function middle(of: readonly number[]): number {
  const sorted = [...of].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
