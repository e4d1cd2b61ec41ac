/* Hanging up is a wish of this tab: it must not be undone by the automatic return into a running session. */
const KEY = 'console.hung-up';

export function hungUp(consultation: string): boolean {
  try {
    return sessionStorage.getItem(KEY) === consultation;
  } catch {
    return false;
  }
}

export function setHungUp(consultation: string | null): void {
  try {
    if (consultation) {
      sessionStorage.setItem(KEY, consultation);
    } else {
      sessionStorage.removeItem(KEY);
    }
  } catch {
    // no storage: a reload goes back in, which is the safer side
  }
}
