/* Camera and microphone, tried before they are needed. The choice is used in the session. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { tone, unlockSound } from '../lib/ring';
import { DeviceError, listDevices, loadChoice, openDevices, saveChoice, stopStream, type Choice } from '../room/devices';
import { Notice, Select } from './basic';
import type { Key } from '../lib/dict';

const HEARD_LEVEL = 0.04;

function useLevel(stream: MediaStream | null): { level: number; heard: boolean } {
  const [level, setLevel] = useState(0);
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    setLevel(0);
    setHeard(false);
    const track = stream?.getAudioTracks()[0];
    if (!track) {
      return undefined;
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);
      const shown = Math.min(1, rms * 4);
      setLevel(shown);
      if (shown > HEARD_LEVEL) {
        setHeard(true);
      }
    }, 100);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [stream]);
  return { level, heard };
}

export interface DeviceList {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/* What is plugged in; names come with the permission, so it is read again with every stream and when a cable comes or goes. */
export function useDeviceList(stream: MediaStream | null): DeviceList {
  const [devices, setDevices] = useState<DeviceList>({ cameras: [], microphones: [] });
  useEffect(() => {
    let live = true;
    const read = (): void => void listDevices().then((d) => live && setDevices(d), () => undefined);
    read();
    navigator.mediaDevices?.addEventListener?.('devicechange', read);
    return () => {
      live = false;
      navigator.mediaDevices?.removeEventListener?.('devicechange', read);
    };
  }, [stream]);
  return devices;
}

function options(list: MediaDeviceInfo[], chosen: string): { value: string; label: string }[] {
  const label = (d: MediaDeviceInfo, i: number): string => d.label || t('check.device', { n: i + 1 });
  // '' is the browser's own choice, which is its first device; a chosen one that is unplugged falls back to it
  const known = list.some((d) => d.deviceId === chosen);
  return list.length ? list.map((d, i) => ({ value: i === 0 && !known ? '' : d.deviceId, label: label(d, i) })) : [{ value: '', label: t('check.device', { n: 1 }) }];
}

export function DeviceSelects(p: { choice: Choice; devices: DeviceList; onChange: (choice: Choice) => void; disabled?: boolean }): JSX.Element {
  const { choice, devices } = p;
  const shown = (list: MediaDeviceInfo[], id: string): string => (id === 'none' || list.some((d) => d.deviceId === id) ? id : '');
  return (
    <>
      <Select label={t('check.camera')} value={shown(devices.cameras, choice.camera)} onChange={(camera) => p.onChange({ ...choice, camera })} disabled={p.disabled}
        options={[...options(devices.cameras, choice.camera), { value: 'none', label: t('check.no-camera-choice') }]} />
      <Select label={t('check.microphone')} value={shown(devices.microphones, choice.microphone)} onChange={(microphone) => p.onChange({ ...choice, microphone })}
        disabled={p.disabled} options={options(devices.microphones, choice.microphone)} />
    </>
  );
}

export function DeviceCheck(): JSX.Element {
  const [choice, setChoice] = useState<Choice>(loadChoice);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const devices = useDeviceList(stream);
  const [error, setError] = useState<DeviceError | null>(null);
  const [warning, setWarning] = useState<Key | null>(null);
  const [size, setSize] = useState<{ w: number; h: number } | null>(null);
  const video = useRef<HTMLVideoElement>(null);
  const current = useRef<MediaStream | null>(null);
  const { level, heard } = useLevel(stream);

  const start = async (next: Choice): Promise<void> => {
    stopStream(current.current);
    setError(null);
    setSize(null);
    try {
      const opened = await openDevices(next);
      current.current = opened.stream;
      setStream(opened.stream);
      setWarning(opened.warning);
    } catch (failed) {
      current.current = null;
      setStream(null);
      setError(failed instanceof DeviceError ? failed : new DeviceError('check.err-other', String(failed)));
    }
  };
  const stop = (): void => {
    stopStream(current.current);
    current.current = null;
    setStream(null);
  };
  useEffect(() => stop, []);
  useEffect(() => {
    if (video.current) {
      video.current.srcObject = stream;
    }
  }, [stream]);
  const change = (next: Choice): void => {
    setChoice(next);
    saveChoice(next);
    if (current.current) {
      void start(next);
    }
  };
  const hasVideo = Boolean(stream?.getVideoTracks().length);
  return (
    <div class="device-check">
      {error && <Notice kind="error" action={<button type="button" class="small" onClick={() => void start(choice)}>{t('app.retry')}</button>}>{error.sentence()}</Notice>}
      {warning && stream && <Notice kind="warn">{t(warning)}</Notice>}
      <div class="check-grid">
        <div class="preview">
          <video ref={video} aria-label={t('room.own')} autoPlay playsInline muted onResize={(e) => {
            const v = e.target as HTMLVideoElement;
            setSize({ w: v.videoWidth, h: v.videoHeight });
          }} />
          {!hasVideo && <span class="video-words">{choice.camera === 'none' ? t('room.q-audio') : t('check.camera')}</span>}
        </div>
        <div>
          <DeviceSelects choice={choice} devices={devices} onChange={change} />
          <div class="field">
            <span id="level-label" class="label">{t('check.level')}</span>
            <meter aria-labelledby="level-label" min={0} max={1} value={level} />
          </div>
          <div class="buttons">
            {stream ? <button type="button" onClick={stop}>{t('check.stop')}</button> : <button type="button" class="primary" onClick={() => void start(choice)}>{t('check.start')}</button>}
            <button type="button" onClick={() => {
              unlockSound();
              tone(440, 0, 0.4);
              tone(660, 0.45, 0.4);
            }}>{t('check.speaker')}</button>
          </div>
          {stream && (
            <div role="status"><ul class="check-results">
              {size && hasVideo && <li class="good">{t('check.picture', { w: size.w, h: size.h })}</li>}
              {stream.getAudioTracks().length > 0 && <li class={heard ? 'good' : 'wait'}>{heard ? t('check.heard') : `${t('check.speak')} ${t('check.silent')}`}</li>}
            </ul></div>
          )}
        </div>
      </div>
    </div>
  );
}
