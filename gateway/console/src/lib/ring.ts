/* The ring: a tone made on the spot, the tab's title, and a system notification when the tab is in the background. */
import { t } from './i18n';
import { Store } from './store';

let context: AudioContext | null = null;
export const soundBlocked = new Store(false);

function audio(): AudioContext | null {
  if (!context && typeof AudioContext !== 'undefined') {
    context = new AudioContext();
    context.onstatechange = () => soundBlocked.set(context?.state !== 'running');
  }
  return context;
}

/* Browsers allow sound only after the user touched the page. */
export function unlockSound(): void {
  void audio()?.resume().catch(() => undefined);
}
for (const type of ['pointerdown', 'keydown']) {
  window.addEventListener(type, unlockSound, { once: true, capture: true });
}

export function askForNotifications(): void {
  if ('Notification' in window && Notification.permission === 'default') {
    void Promise.resolve(Notification.requestPermission()).catch(() => undefined);
  }
}

export function tone(frequency: number, startS: number, lengthS: number, volume = 0.25): void {
  const ctx = audio();
  if (!ctx) {
    return;
  }
  const oscillator = ctx.createOscillator();
  const gain = ctx.createGain();
  const at = ctx.currentTime + startS;
  oscillator.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(volume, at + 0.02);
  gain.gain.setValueAtTime(volume, at + lengthS - 0.05);
  gain.gain.linearRampToValueAtTime(0, at + lengthS);
  oscillator.connect(gain).connect(ctx.destination);
  oscillator.start(at);
  oscillator.stop(at + lengthS);
}

let ringer: ReturnType<typeof setInterval> | undefined;
let flasher: ReturnType<typeof setInterval> | undefined;
let notification: Notification | null = null;

function pattern(urgent: boolean): void {
  const ctx = audio();
  void ctx?.resume().catch(() => undefined);
  soundBlocked.set(ctx !== null && ctx.state !== 'running');
  if (urgent) {
    [0, 0.22, 0.44, 0.8, 1.02, 1.24].forEach((s, i) => tone(i % 2 ? 988 : 784, s, 0.18, 0.3));
  } else {
    [0, 0.35].forEach((s, i) => tone(i ? 523 : 659, s, 0.3));
  }
}

export function startRing(urgent: boolean, body: string, onClick: () => void): void {
  stopRing();
  pattern(urgent);
  ringer = setInterval(() => pattern(urgent), urgent ? 2500 : 4000);
  let on = false;
  const flash = (): void => {
    on = !on;
    document.title = (on ? t('ring.tab') : '') + document.title.replace(t('ring.tab'), '');
  };
  flash();
  flasher = setInterval(flash, 1000);
  if (document.visibilityState !== 'visible' && 'Notification' in window && Notification.permission === 'granted') {
    notification = new Notification(t('ring.title'), { body, tag: 'offer', requireInteraction: true });
    notification.onclick = () => {
      window.focus();
      onClick();
    };
  }
}

export function stopRing(): void {
  clearInterval(ringer);
  clearInterval(flasher);
  document.title = document.title.replace(t('ring.tab'), '');
  notification?.close();
  notification = null;
}

/* One short sign: something that was waited for has happened. */
export function chime(): void {
  unlockSound();
  tone(659, 0, 0.18);
  tone(880, 0.2, 0.3);
}
