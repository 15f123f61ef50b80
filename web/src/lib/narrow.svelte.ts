/** Whether there is little room: where a cell has to hold what two do elsewhere. Styles say `max-width: 40rem`. */
const query = matchMedia('(max-width: 40rem)');

class Narrow {
  isOn = $state(query.matches);

  constructor() {
    query.addEventListener('change', () => {
      this.isOn = query.matches;
    });
  }
}

export const narrow = new Narrow();
