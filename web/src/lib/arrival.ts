/** Where the focus goes when somebody arrives at a page, or at a place within one. */

import { afterPicture } from './picture.ts';

/** How long what comes to the page later pushes nothing out of view, in milliseconds: it has come by then. */
const KEPT_MS = 10_000;

/** Stops waiting for what has not come yet. */
let stop: () => void = () => undefined;

/** Does something with an element as soon as it is there: pages come before what they show. */
function once(find: () => HTMLElement | null, then: (it: HTMLElement) => void): void {
  stop();
  const there = find();
  if (there !== null) {
    then(there);
    return;
  }
  const seen = new MutationObserver(() => {
    const it = find();
    if (it === null) return;
    stop();
    then(it);
  });
  stop = () => {
    seen.disconnect();
    stop = () => undefined;
  };
  seen.observe(document.body, { childList: true, subtree: true });
}

function focus(it: HTMLElement, options?: FocusOptions): void {
  // A heading or a row takes the focus, and is no stop on the way of the Tab key.
  if (!it.matches('a, button, input, select, textarea, [tabindex]')) it.tabIndex = -1;
  it.focus(options);
}

/** The heading of the page, unless whoever came has gone on to something else before it is there. */
export function atHeading(): void {
  const from = document.activeElement;
  once(
    () => document.querySelector('main h1'),
    (it) => {
      // After the picture that answers whoever came: the focus needs the page laid out.
      afterPicture(() => {
        const now = document.activeElement;
        if (it.isConnected && (now === null || now === document.body || now === from)) focus(it, { preventScroll: true });
      });
    },
  );
}

/** What the address names behind its #: it is brought into view, marked as `:target`, and has the focus. */
export function atTarget(id: string): void {
  once(
    () => document.getElementById(id) ?? document.getElementById(decoded(id)),
    (it) => {
      // The browser marks what the address names when it gets there, and not what comes later.
      location.replace(`#${id}`);
      focus(it, { preventScroll: true });
      keepInView(it);
    },
  );
}

/** Lets go of what was kept in view. */
let acted = new AbortController();

/** What comes to the page later pushes no element out of view for a while, or until whoever arrived does something. */
function keepInView(it: HTMLElement): void {
  acted.abort();
  acted = new AbortController();
  const { signal } = acted;
  const letGo = (): void => {
    acted.abort();
  };
  /** Where the page was scrolled to, and where the element is for that. */
  let [offset, place] = [0, 0];
  const bring = (): void => {
    it.scrollIntoView({ block: 'center' });
    [offset, place] = [scrollY, it.getBoundingClientRect().top];
  };
  const grown = new ResizeObserver(bring);
  const ends = setTimeout(letGo, KEPT_MS);
  signal.addEventListener('abort', () => {
    grown.disconnect();
    clearTimeout(ends);
  });
  // A scroll bar or a script may be a deed as well. The browser's own scrolls keep what is seen where it is.
  const scrolled = (): void => {
    if (scrollY !== offset && Math.abs(it.getBoundingClientRect().top - place) >= 1) letGo();
  };
  addEventListener('scroll', scrolled, { signal, passive: true });
  for (const deed of ['wheel', 'touchstart', 'pointerdown', 'keydown']) addEventListener(deed, letGo, { signal, passive: true, capture: true });
  // Focus that went on by itself, as a screen reader may move it, is a deed as well.
  it.addEventListener('blur', letGo, { signal });
  bring();
  const page = it.closest('main');
  if (page !== null) grown.observe(page);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
