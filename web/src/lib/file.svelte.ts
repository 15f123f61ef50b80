/** How a table says to the panel around it that its rows can be taken as a file. */
import { getContext, setContext } from 'svelte';
import { refusalOf } from '../api/client.ts';

const PANEL = Symbol('panel');

class Offer {
  name = $state('');
  /** Lets the browser keep the file; none where there is none. */
  keep = $state.raw<(() => Promise<void>) | null>(null);
  /** Why there is no file of what was just asked for. */
  problem = $state('');
}

/** For a panel: what the table in it offers. */
export function offering(): Offer {
  return setContext(PANEL, new Offer());
}

/** For a table: offers its rows as long as it is there; without a name it does not. */
export function offer(name: () => string, keep: () => Promise<void>): void {
  const panel = getContext<Offer | undefined>(PANEL);
  $effect(() => {
    const given = name();
    if (panel === undefined || given === '') return;
    panel.name = given;
    panel.keep = async () => {
      panel.problem = '';
      try {
        await keep();
      } catch (error) {
        panel.problem = `No file was written. ${refusalOf(error).message}`;
      }
    };
    return () => {
      panel.keep = null;
      panel.problem = '';
    };
  });
}
