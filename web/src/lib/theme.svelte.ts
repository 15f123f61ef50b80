/** Light or dark: as the system says, unless somebody chose. */

const KEPT_AS = 'bursar-theme';
export type Choice = 'system' | 'light' | 'dark';

class Theme {
  choice = $state<Choice>(kept());
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
    try {
      localStorage.setItem(KEPT_AS, choice);
    } catch {
      // Without storage it holds until the page is closed.
    }
    this.#apply();
  }

  #apply(): void {
    const isDark = this.choice === 'dark' || (this.choice === 'system' && this.#system.matches);
    this.shown = isDark ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = this.shown;
  }
}

function kept(): Choice {
  try {
    const choice = localStorage.getItem(KEPT_AS);
    return choice === 'light' || choice === 'dark' ? choice : 'system';
  } catch {
    return 'system';
  }
}

export const theme = new Theme();
