/* Camera and microphone: opening them, what is missing in words, the choice remembered in this browser. */
import { t } from '../lib/i18n';
import type { Key } from '../lib/dict';

export interface Choice {
  camera: string; // device id; '' = the browser's default; 'none' = audio only
  microphone: string;
}

export interface Opened {
  stream: MediaStream;
  warning: Key | null; // opened, but not everything
}

export class DeviceError extends Error {
  constructor(readonly key: Key, readonly cause_: string) {
    super(cause_);
  }

  sentence(): string {
    return t(this.key, { name: this.cause_ });
  }
}

const STORED = 'console.devices';

export function loadChoice(): Choice {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Choice>;
    return { camera: stored.camera ?? '', microphone: stored.microphone ?? '' };
  } catch {
    return { camera: '', microphone: '' };
  }
}

export function saveChoice(choice: Choice): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(choice));
  } catch {
    // the choice lasts as long as the page
  }
}

function video(choice: Choice): MediaTrackConstraints {
  const size = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 25, max: 30 } };
  return choice.camera ? { ...size, deviceId: { exact: choice.camera } } : size;
}

function audio(choice: Choice): MediaTrackConstraints {
  const clean = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return choice.microphone ? { ...clean, deviceId: { exact: choice.microphone } } : clean;
}

function nameOfError(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}

/* As much as there is: both, else the microphone alone, else the camera alone. Refused permission is an error, not a fallback:
 * the user must know that nobody hears her. */
export async function openDevices(choice: Choice): Promise<Opened> {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (!media?.getUserMedia) {
    throw new DeviceError('check.err-secure', 'insecure');
  }
  const silent = choice.camera === 'none';
  const any: Choice = { camera: silent ? 'none' : '', microphone: '' };
  const tries: { constraints: MediaStreamConstraints; warning: Key | null }[] = [];
  for (const wanted of choice.microphone || (choice.camera && !silent) ? [choice, any] : [any]) { // what was chosen may be unplugged today
    tries.push({ constraints: { audio: audio(wanted), ...(silent ? {} : { video: video(wanted) }) }, warning: null });
  }
  tries.push({ constraints: { audio: audio(any) }, warning: 'check.err-no-camera' });
  if (!silent) {
    tries.push({ constraints: { video: video(any) }, warning: 'check.err-no-mic' });
  }
  let first: unknown = null;
  for (const attempt of tries) {
    try {
      return { stream: await media.getUserMedia(attempt.constraints), warning: attempt.warning };
    } catch (error) {
      first = first ?? error;
      if (['NotAllowedError', 'SecurityError'].includes(nameOfError(error))) {
        throw new DeviceError('check.err-permission', nameOfError(error));
      }
    }
  }
  const name = nameOfError(first);
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    throw new DeviceError('check.err-none', name);
  }
  throw new DeviceError(name === 'NotReadableError' || name === 'AbortError' ? 'check.err-busy' : 'check.err-other', name);
}

export async function listDevices(): Promise<{ cameras: MediaDeviceInfo[]; microphones: MediaDeviceInfo[] }> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return { cameras: all.filter((d) => d.kind === 'videoinput'), microphones: all.filter((d) => d.kind === 'audioinput') };
}

export function stopStream(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
}
