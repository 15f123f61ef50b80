/** What somebody chose for this browser. Without storage it holds until the page is closed. */

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`bursar-${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`bursar-${name}`, value);
  } catch {
    // The choice holds until the page is closed.
  }
}
