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
let alarmer: ReturnType<typeof setInterval> | undefined;
let flasher: ReturnType<typeof setInterval> | undefined;
const notifications: Record<'ring' | 'alarm', Notification | null> = { ring: null, alarm: null };
let flashing: string[] = []; // what stands before the tab's title, in turn with nothing

function sound(): boolean {
  const ctx = audio();
  void ctx?.resume().catch(() => undefined);
  soundBlocked.set(ctx !== null && ctx.state !== 'running');
  return ctx !== null;
}

function pattern(urgent: boolean): void {
  if (alarmer || !sound()) {
    return; // an alarm drowns a ring
  }
  if (urgent) {
    [0, 0.22, 0.44, 0.8, 1.02, 1.24].forEach((s, i) => tone(i % 2 ? 988 : 784, s, 0.18, 0.3));
  } else {
    [0, 0.35].forEach((s, i) => tone(i ? 523 : 659, s, 0.3));
  }
}

function alarmPattern(): void {
  if (sound()) {
    [0, 0.3, 0.6].forEach((s) => tone(1175, s, 0.15, 0.3));
    [0.15, 0.45, 0.75].forEach((s) => tone(740, s, 0.15, 0.3));
  }
}

/* The tab's title says it too, in turn with its own words. */
function flash(prefix: string, on: boolean): void {
  clearInterval(flasher);
  document.title = flashing.reduce((title, x) => title.replace(x, ''), document.title);
  flashing = [...flashing.filter((x) => x !== prefix), ...(on ? [prefix] : [])];
  const words = flashing[flashing.length - 1];
  if (words === undefined) {
    return;
  }
  let shown = false;
  const turn = (): void => {
    shown = !shown;
    document.title = (shown ? words : '') + document.title.replace(words, '');
  };
  turn();
  flasher = setInterval(turn, 1000);
}

/* A notification of the system, when the tab is out of sight. */
function notify(kind: 'ring' | 'alarm', title: string, body: string, onClick: () => void): void {
  if (document.visibilityState !== 'visible' && 'Notification' in window && Notification.permission === 'granted') {
    const shown = new Notification(title, { body, tag: kind === 'ring' ? 'offer' : 'alarm', requireInteraction: true });
    shown.onclick = () => {
      window.focus();
      onClick();
    };
    notifications[kind] = shown;
  }
}

let ringPrefix = '';
let alarmPrefix = '';

export function startRing(urgent: boolean, body: string, onClick: () => void): void {
  stopRing();
  pattern(urgent);
  ringer = setInterval(() => pattern(urgent), urgent ? 2500 : 4000);
  ringPrefix = t('ring.tab');
  flash(ringPrefix, true);
  notify('ring', t('ring.title'), body, onClick);
}

export function stopRing(): void {
  clearInterval(ringer);
  flash(ringPrefix, false);
  notifications.ring?.close();
  notifications.ring = null;
}

/* Somebody must act: until it is acknowledged. */
export function startAlarm(body: string, onClick: () => void): void {
  stopAlarm();
  alarmPattern();
  alarmer = setInterval(alarmPattern, 3000);
  alarmPrefix = t('alarm.tab');
  flash(alarmPrefix, true);
  notify('alarm', t('alarm.title'), body, onClick);
}

export function stopAlarm(): void {
  clearInterval(alarmer);
  alarmer = undefined;
  flash(alarmPrefix, false);
  notifications.alarm?.close();
  notifications.alarm = null;
}

/* One short sign: something that was waited for has happened. */
export function chime(): void {
  unlockSound();
  tone(659, 0, 0.18);
  tone(880, 0.2, 0.3);
}
