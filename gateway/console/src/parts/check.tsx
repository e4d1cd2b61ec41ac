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

export function DeviceCheck(): JSX.Element {
  const [choice, setChoice] = useState<Choice>(loadChoice);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [devices, setDevices] = useState<{ cameras: MediaDeviceInfo[]; microphones: MediaDeviceInfo[] }>({ cameras: [], microphones: [] });
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
      setDevices(await listDevices());
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
  const label = (d: MediaDeviceInfo, i: number): string => d.label || t('check.device', { n: i + 1 });
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
          <Select label={t('check.camera')} value={choice.camera} onChange={(camera) => change({ ...choice, camera })}
            options={[...(devices.cameras.length ? devices.cameras.map((d, i) => ({ value: i === 0 && !choice.camera ? '' : d.deviceId, label: label(d, i) })) : [{ value: '', label: t('check.device', { n: 1 }) }]), { value: 'none', label: t('check.no-camera-choice') }]} />
          <Select label={t('check.microphone')} value={choice.microphone} onChange={(microphone) => change({ ...choice, microphone })}
            options={devices.microphones.length ? devices.microphones.map((d, i) => ({ value: i === 0 && !choice.microphone ? '' : d.deviceId, label: label(d, i) })) : [{ value: '', label: t('check.device', { n: 1 }) }]} />
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
            <ul class="check-results" role="status">
              {size && hasVideo && <li class="good">{t('check.picture', { w: size.w, h: size.h })}</li>}
              {stream.getAudioTracks().length > 0 && <li class={heard ? 'good' : 'wait'}>{heard ? t('check.heard') : `${t('check.speak')} ${t('check.silent')}`}</li>}
            </ul>
          )}
        </div>
      </div>
    </div>
  );
}
