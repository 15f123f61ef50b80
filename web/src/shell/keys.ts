/** What keys do on every page. `g` and then a letter goes somewhere. */

export interface Place {
  key: string;
  path: string;
  title: string;
  /** Which right it takes to see something there, by the server's name. */
  right?: string;
  /** Whether it is about individuals, which not every role sees. */
  isPersonal?: boolean;
}

const ALL: readonly Place[] = [
  { key: 'o', path: '/', title: 'Overview' },
  { key: 'e', path: '/explore', title: 'Explore' },
  { key: 'n', path: '/trends', title: 'Trends' },
  { key: 'f', path: '/forecast', title: 'Forecast' },
  { key: 't', path: '/teams', title: 'Teams and people' },
  { key: 'r', path: '/repos', title: 'Repositories' },
  { key: 's', path: '/sessions', title: 'Sessions', isPersonal: true },
  { key: 'm', path: '/models', title: 'Models' },
  { key: 'b', path: '/budgets', title: 'Budgets' },
  { key: 'c', path: '/sources', title: 'Sources' },
  { key: 'p', path: '/prices', title: 'Prices' },
  { key: ',', path: '/settings', title: 'Settings', right: 'read_directory' },
];

/** Where somebody finds something. */
export function placesOf(who: { may: (right: string) => boolean; seesIndividuals: boolean }): Place[] {
  return ALL.filter((it) => (it.right === undefined || who.may(it.right)) && (it.isPersonal !== true || who.seesIndividuals));
}

/** How long after `g` the letter may come, in milliseconds. */
const CHORD_MS = 1_500;

interface Deeds {
  places: () => readonly Place[];
  go: (path: string) => void;
  help: () => void;
  exact: () => void;
  search: () => void;
}

export function keysOf(deeds: Deeds): (event: KeyboardEvent) => void {
  let goesUntil = 0;
  return (event) => {
    const target = event.target as HTMLElement | null;
    const isTyping = target?.matches('input, textarea, select, [contenteditable]') ?? false;
    if (isTyping || event.metaKey || event.ctrlKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    if (event.timeStamp < goesUntil) {
      goesUntil = 0;
      const place = deeds.places().find((it) => it.key === event.key);
      if (place === undefined) return;
      event.preventDefault();
      deeds.go(place.path);
      return;
    }
    switch (event.key) {
      case 'g':
        goesUntil = event.timeStamp + CHORD_MS;
        break;
      case '/':
        event.preventDefault();
        deeds.search();
        break;
      case 'x':
        deeds.exact();
        break;
      case '?':
        event.preventDefault();
        deeds.help();
        break;
      default:
    }
  };
}
