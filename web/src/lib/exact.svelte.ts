/** Whether amounts are shown with all nine decimals, on every page. */
import { keep, kept } from './kept.ts';

class Exact {
  isOn = $state(kept('exact') === 'on');

  choose(isOn: boolean): void {
    this.isOn = isOn;
    keep('exact', isOn ? 'on' : 'off');
  }
}

export const exact = new Exact();
