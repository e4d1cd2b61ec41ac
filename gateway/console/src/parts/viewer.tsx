/* The image viewer: thumbnails, the frame at its window, drag to change the window, wheel for frames. Used on the case page on
 * its own and in the session with a shared view (shared !== undefined). */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import type { Attachment, View } from '../lib/types';
import { CT_PRESETS, dragged, ownWindow, presetOf, previewFilter, renderedUrl, sameView, windowOf, type Window } from '../room/view';
import { attachmentLine, Thumbnail } from './attachments';
import { Select } from './basic';

interface Props {
  attachments: Attachment[];
  view: View;
  onView: (view: View) => void;
  pointer?: [number, number] | null; // somebody else's
  onPointer?: (at: [number, number] | null) => void; // set: the own pointer is being shown
  toolbar?: ComponentChildren;
  thin?: boolean; // thin link: smaller pictures
}

const SETTLE_MS = 180;

export function Viewer(p: Props): JSX.Element {
  const current = p.attachments.find((a) => a.id === p.view.attachment) ?? null;
  const select = (a: Attachment): void => p.onView({ attachment: a.id, frame: 0 });
  return (
    <div class="viewer">
      <div class="viewer-bar">
        {p.toolbar}
        {current?.kind === 'dicom' && <WindowBar a={current} view={p.view} onView={p.onView} />}
      </div>
      {current ? <Stage key={current.id} a={current} {...p} /> : (
        <div class="stage empty-stage"><span>{t(p.attachments.length ? 'view.none' : 'view.none-yet')}</span></div>
      )}
      {p.attachments.length > 0 && (
        <ul class="strip" aria-label={t('view.thumbs')}>
          {p.attachments.map((a) => (
            <li key={a.id}>
              <button type="button" aria-label={a.name} aria-pressed={a.id === p.view.attachment} title={`${a.name}\n${attachmentLine(a)}`} onClick={() => select(a)}>
                <Thumbnail a={a} />
                <span class="clip">{a.modality || a.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/* Where the picture itself lies in the stage: pointers are in shares of the image, so that they mean the same place on any screen. */
function fitted(picture: HTMLImageElement, stage: HTMLElement): { left: number; top: number; width: number; height: number } | null {
  const { naturalWidth: w, naturalHeight: h } = picture;
  if (!w || !h) {
    return null;
  }
  const scale = Math.min(stage.clientWidth / w, stage.clientHeight / h);
  return { left: (stage.clientWidth - w * scale) / 2, top: (stage.clientHeight - h * scale) / 2, width: w * scale, height: h * scale };
}

function WindowBar(p: { a: Attachment; view: View; onView: (view: View) => void }): JSX.Element {
  const win = windowOf(p.a, p.view);
  const preset = presetOf(p.a, p.view);
  const choose = (value: string): void => {
    const found = CT_PRESETS.find((x) => x.value === value);
    p.onView({ attachment: p.view.attachment, frame: p.view.frame ?? 0, ...(found ? { center: found.center, width: found.width } : {}) });
  };
  const options = [{ value: 'own', label: t('view.preset-own') }];
  if (p.a.modality === 'CT') {
    options.push(...CT_PRESETS.map((x) => ({ value: x.value, label: t(x.label) })));
  }
  if (preset === 'custom') {
    options.push({ value: 'custom', label: t('view.preset-custom') });
  }
  return (
    <>
      <Select label={t('view.presets')} hideLabel value={preset} onChange={choose} options={options} />
      {win && <span class="mono win">{t('view.window', { c: Math.round(win.center), w: Math.round(win.width) })}</span>}
    </>
  );
}

function Stage(p: Props & { a: Attachment }): JSX.Element {
  const { a, view } = p;
  const box = useRef<HTMLDivElement>(null);
  const img = useRef<HTMLImageElement>(null);
  const [size, setSize] = useState(512);
  const [shown, setShown] = useState<{ url: string; win: Window | null } | null>(null);
  const [failures, setFailures] = useState(0);
  const drag = useRef<{ x: number; y: number; win: Window } | null>(null);
  const latest = useRef(view);
  latest.current = view;
  const frames = a.frames ?? 1;
  const frame = Math.min(view.frame ?? 0, frames - 1);
  const win = windowOf(a, view);

  useEffect(() => {
    const measure = (): void => {
      const side = Math.max(box.current?.clientWidth ?? 0, box.current?.clientHeight ?? 0) * Math.min(window.devicePixelRatio || 1, 1.5);
      const wanted = p.thin ? Math.min(side, 512) : side;
      setSize(wanted <= 512 ? 512 : wanted <= 768 ? 768 : 1024);
    };
    measure();
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, [p.thin]);

  // The next picture is loaded out of sight and replaces the present one when it is complete: no flicker on a slow link.
  const url = renderedUrl(a, view, size);
  useEffect(() => {
    if (shown?.url === url) {
      return undefined;
    }
    const next = new Image();
    let live = true;
    next.onload = () => {
      if (live) {
        setShown({ url, win });
        setFailures(0);
      }
    };
    next.onerror = () => live && setFailures((n) => n + 1);
    const wait = failures > 0 ? Math.min(1000 * 2 ** failures, 10_000) : shown ? SETTLE_MS : 0;
    const timer = setTimeout(() => {
      next.src = url;
    }, wait);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [url, failures]);

  const toFrame = (n: number): void => {
    const to = Math.max(0, Math.min(frames - 1, n));
    if (to !== (latest.current.frame ?? 0)) {
      p.onView({ ...latest.current, pointer: undefined, frame: to });
    }
  };
  useEffect(() => {
    const element = box.current;
    const wheel = (e: WheelEvent): void => {
      if (frames > 1) {
        e.preventDefault();
        toFrame((latest.current.frame ?? 0) + (e.deltaY > 0 ? 1 : -1));
      }
    };
    element?.addEventListener('wheel', wheel, { passive: false });
    return () => element?.removeEventListener('wheel', wheel);
  }, [frames, p.onView]);

  const place = (e: PointerEvent): [number, number] | null => {
    const picture = img.current;
    const at = picture && box.current ? fitted(picture, box.current) : null;
    const rect = box.current?.getBoundingClientRect();
    if (!at || !rect) {
      return null;
    }
    const x = (e.clientX - rect.left - at.left) / at.width;
    const y = (e.clientY - rect.top - at.top) / at.height;
    return x < 0 || y < 0 || x > 1 || y > 1 ? null : [Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000];
  };
  const pointerAt = (at: [number, number]): { left: string; top: string } => {
    const fit = img.current && box.current ? fitted(img.current, box.current) : null;
    return fit ? { left: `${fit.left + at[0] * fit.width}px`, top: `${fit.top + at[1] * fit.height}px` } : { left: '-99px', top: '-99px' };
  };
  const down = (e: PointerEvent): void => {
    if (e.button === 0 && win && a.kind === 'dicom') {
      drag.current = { x: e.clientX, y: e.clientY, win };
      (e.currentTarget as HTMLElement).setPointerCapture?.(e.pointerId);
    }
  };
  const move = (e: PointerEvent): void => {
    if (drag.current) {
      const next = dragged(drag.current.win, e.clientX - drag.current.x, e.clientY - drag.current.y);
      p.onView({ attachment: a.id, frame, center: next.center, width: next.width });
    } else if (p.onPointer) {
      p.onPointer(place(e));
    }
  };
  const up = (): void => {
    drag.current = null;
  };
  const key = (e: KeyboardEvent): void => {
    const step: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };
    const by = step[e.key];
    const pull: Record<string, [number, number]> = { ArrowUp: [0, -10], ArrowDown: [0, 10], ArrowLeft: [-10, 0], ArrowRight: [10, 0] };
    const moved = pull[e.key];
    if (e.shiftKey && moved && win && a.kind === 'dicom') {
      e.preventDefault(); // as if the mouse had been dragged
      const next = dragged(win, moved[0], moved[1]);
      p.onView({ attachment: a.id, frame, center: next.center, width: next.width });
    } else if (by !== undefined && frames > 1) {
      e.preventDefault();
      toFrame(frame + by);
    }
  };
  if (a.kind === 'pdf') {
    return <div class="stage empty-stage"><a class="button" href={`/api/v1/attachments/${a.id}/content`} target="_blank" rel="noopener">{t('view.pdf')}</a></div>;
  }
  const stale = shown && shown.win && win && (shown.win.center !== win.center || shown.win.width !== win.width);
  return (
    <>
      <div class="stage" ref={box} tabIndex={0} role="group" aria-label={a.name} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up}
        onPointerLeave={() => p.onPointer?.(null)} onKeyDown={key}
        onDblClick={() => p.onView({ attachment: a.id, frame })}>
        <div class="picture">
          {shown && <img ref={img} src={shown.url} alt={t('view.image')} draggable={false} class="image" data-complete={sameView(view, latest.current) && shown.url === url}
            style={stale && shown.win && win ? { filter: previewFilter(shown.win, win) } : { filter: '' }} />}
          {p.pointer && shown && <span class="pointer" aria-hidden="true" style={pointerAt(p.pointer)} />}
        </div>
        {!shown && <span class="stage-words" role="status">{t(failures ? 'view.failed' : 'app.loading')}</span>}
        {shown && failures > 0 && <span class="stage-words" role="status">{t('view.failed')}</span>}
        <span class="stage-note">{[a.modality, a.description, a.lossy ? t('att.lossy') : '', t('att.preview')].filter(Boolean).join(' · ')}</span>
      </div>
      <div class="frame-bar">
        {frames > 1 ? (
          <>
            <input type="range" min={0} max={frames - 1} value={frame} aria-label={t('view.frame')} aria-valuetext={t('view.frame-of', { n: frame + 1, total: frames })}
              onInput={(e) => toFrame(Number((e.target as HTMLInputElement).value))} />
            <span class="mono">{t('view.frame-of', { n: frame + 1, total: frames })}</span>
          </>
        ) : <span class="hint">{a.kind === 'dicom' && ownWindow(a) ? t('view.help') : ''}</span>}
        <a class="hint original" href={`/api/v1/attachments/${a.id}/content`} target="_blank" rel="noopener">{t('view.original')}</a>
      </div>
    </>
  );
}
