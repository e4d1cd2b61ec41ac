/* When somebody last touched this page: what is asked again by the clock rests when nobody is there, so that the session of a PC
 * that was left can run out. */
let lastMs = Date.now();
for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  window.addEventListener(type, () => {
    lastMs = Date.now();
  }, { passive: true, capture: true });
}

const AWAY_MS = 300_000;

export function somebodyThere(): boolean {
  return document.visibilityState === 'visible' && Date.now() - lastMs < AWAY_MS;
}
