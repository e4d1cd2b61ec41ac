/* The pictures: one other party large and the own one small in the corner; several, and the own one among them, in a grid. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameOf, t } from '../lib/i18n';
import { useStore } from '../lib/store';
import type { Party } from '../lib/types';
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

function Remote(p: { room: Room; seat: number; stream: MediaStream | null; name: string; only: boolean; onRemove?: () => void }): JSX.Element {
  const { parties } = useStore(p.room.state);
  const [blocked, setBlocked] = useState<(() => void) | null>(null);
  const party = parties.find((x) => x.seat === p.seat);
  const live = party?.media === 'live';
  return (
    <div class={live ? 'remote live' : 'remote'}>
      <Video stream={p.stream} label={p.only ? t('room.remote') : `${t('room.remote')} ${p.name}`} onBlocked={(play) => setBlocked(() => play)} />
      <span class="video-name">{p.name}</span>
      {p.onRemove && <button type="button" class="small video-remove" aria-label={`${t('guest.remove')} ${p.name}`} title={`${t('guest.remove')} ${p.name}`} onClick={p.onRemove}>×</button>}
      {!live && <span class="video-words">{party?.media === 'silent' ? t('room.silent', { who: p.name }) : party?.present ? t('room.connecting', { who: p.name }) : t('room.absent', { who: p.name })}</span>}
      {blocked && <button type="button" class="primary video-play" onClick={() => {
        blocked();
        setBlocked(null);
      }}>{t('room.play')}</button>}
    </div>
  );
}

export function Videos(p: { room: Room; counterpart: string; onRemove?: (party: Party) => void }): JSX.Element {
  const state = useStore(p.room.state);
  const { slots } = useStore(p.room.media.state);
  const own = useStore(p.room.own);
  const level = useStore(p.room.media.ladder.level);
  // the two whose consultation it is keep their places, guests have one while they are here; before anybody is: one empty place
  const others = state.parties.filter((x) => x.seat !== state.seat && (x.role !== 'guest' || x.present || x.media !== 'none'));
  const streamOf = (seat: number): MediaStream | null => slots.find((s) => s.seat === seat)?.stream ?? (others.length <= 1 ? slots[0]?.stream : null) ?? null;
  const places: { seat: number; stream: MediaStream | null; party?: Party }[] = others.length > 0
    ? others.map((x) => ({ seat: x.seat, stream: streamOf(x.seat), party: x })) : [{ seat: -1, stream: streamOf(-1) }];
  const nameAt = (seat: number): string => nameOf(state.parties.find((x) => x.seat === seat)) || p.counterpart;
  const ownVideo = Boolean(own.stream?.getVideoTracks().length) && !own.cameraOff;
  return (
    <div class={`videos n${places.length}`}>
      {places.map((place) => <Remote key={place.seat} room={p.room} seat={place.seat} stream={place.stream} name={nameAt(place.seat)} only={places.length === 1}
        onRemove={p.onRemove && place.party?.role === 'guest' ? () => p.onRemove?.(place.party as Party) : undefined} />)}
      {!p.room.observer && <div class={ownVideo ? 'own' : 'own dark'}>
        <Video stream={own.stream} label={t('room.own')} muted />
        {!ownVideo && <span class="video-words">{t('room.camera-off')}</span>}
        {ownVideo && level === 'audio' && <span class="video-words">{t('room.q-audio')}</span>}
        {(own.muted || places.length > 1) && <span class="video-name">{places.length > 1 && t('chat.you')} {own.muted && t('room.mute')}</span>}
      </div>}
    </div>
  );
}
