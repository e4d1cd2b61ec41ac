/* The pictures: one other party large, several in a grid, the own one small in the corner. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameOf, t } from '../lib/i18n';
import { useStore } from '../lib/store';
import type { Room } from './room';

function Video(p: { stream: MediaStream | null; label: string; muted?: boolean; class?: string; onBlocked?: (play: () => void) => void }): JSX.Element {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video || video.srcObject === p.stream) {
      return;
    }
    video.srcObject = p.stream;
    if (p.stream) {
      video.play().catch((error: Error) => {
        if (error.name === 'NotAllowedError') {
          p.onBlocked?.(() => void video.play().catch(() => undefined));
        }
      });
    }
  }, [p.stream]);
  return <video ref={ref} class={p.class} aria-label={p.label} muted={p.muted} autoPlay playsInline />;
}

function Remote(p: { room: Room; seat: number; stream: MediaStream | null; name: string; only: boolean }): JSX.Element {
  const { parties } = useStore(p.room.state);
  const [blocked, setBlocked] = useState<(() => void) | null>(null);
  const party = parties.find((x) => x.seat === p.seat);
  const live = party?.media === 'live';
  return (
    <div class={live ? 'remote live' : 'remote'}>
      <Video stream={p.stream} label={p.only ? t('room.remote') : `${t('room.remote')} ${p.name}`} onBlocked={(play) => setBlocked(() => play)} />
      <span class="video-name">{p.name}</span>
      {!live && <span class="video-words">{party?.media === 'silent' ? t('room.silent', { who: p.name }) : party?.present ? t('room.connecting', { who: p.name }) : t('room.absent', { who: p.name })}</span>}
      {blocked && <button type="button" class="primary video-play" onClick={() => {
        blocked();
        setBlocked(null);
      }}>{t('room.play')}</button>}
    </div>
  );
}

export function Videos(p: { room: Room; counterpart: string }): JSX.Element {
  const state = useStore(p.room.state);
  const { slots } = useStore(p.room.media.state);
  const own = useStore(p.room.own);
  const level = useStore(p.room.media.ladder.level);
  const filled = slots.filter((s) => s.seat >= 0);
  const others = state.parties.filter((x) => x.seat !== state.seat);
  // whoever is in the room, whether or not media flows yet; before anybody is: one empty place for the other side
  const places = filled.length > 0 ? filled.map((s) => ({ seat: s.seat, stream: s.stream as MediaStream | null }))
    : [{ seat: others[0]?.seat ?? -1, stream: slots[0]?.stream ?? null }];
  const nameAt = (seat: number): string => nameOf(state.parties.find((x) => x.seat === seat)) || p.counterpart;
  const ownVideo = Boolean(own.stream?.getVideoTracks().length) && !own.cameraOff;
  return (
    <div class={`videos n${places.length}`}>
      {places.map((place) => <Remote key={place.seat} room={p.room} seat={place.seat} stream={place.stream} name={nameAt(place.seat)} only={places.length === 1} />)}
      <div class={ownVideo ? 'own' : 'own dark'}>
        <Video stream={own.stream} label={t('room.own')} muted />
        {!ownVideo && <span class="video-words">{t('room.camera-off')}</span>}
        {ownVideo && level === 'audio' && <span class="video-words">{t('room.q-audio')}</span>}
        {own.muted && <span class="video-name">{t('room.mute')}</span>}
      </div>
    </div>
  );
}
