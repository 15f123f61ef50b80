/** Light or dark: as the system says, unless somebody chose. */
import { keep, kept } from './kept.ts';

export type Choice = 'system' | 'light' | 'dark';

class Theme {
  choice = $state<Choice>(chosen());
  shown = $state<'light' | 'dark'>('light');
  #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.#system.addEventListener('change', () => {
      this.#apply();
    });
    this.#apply();
  }

  choose(choice: Choice): void {
    this.choice = choice;
    keep('theme', choice);
    this.#apply();
  }

  #apply(): void {
    const isDark = this.choice === 'dark' || (this.choice === 'system' && this.#system.matches);
    this.shown = isDark ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = this.shown;
  }
}

function chosen(): Choice {
  const choice = kept('theme');
  return choice === 'light' || choice === 'dark' ? choice : 'system';
}

export const theme = new Theme();
