/* The image on the screen: which attachment, frame and window. Plain calculations; the component draws, the room shares. */
import type { Attachment, View } from '../lib/types';
import type { Key } from '../lib/dict';

export interface Window {
  center: number;
  width: number;
}

export const CT_PRESETS: { value: string; label: Key; center: number; width: number }[] = [
  { value: 'lung', label: 'view.preset-lung', center: -600, width: 1500 },
  { value: 'soft', label: 'view.preset-soft', center: 40, width: 400 },
  { value: 'bone', label: 'view.preset-bone', center: 400, width: 1800 },
  { value: 'brain', label: 'view.preset-brain', center: 35, width: 80 },
  { value: 'abdomen', label: 'view.preset-abdomen', center: 60, width: 350 },
];

export function ownWindow(a: Attachment): Window | null {
  return typeof a.window_center === 'number' && typeof a.window_width === 'number' && a.window_width > 0
    ? { center: a.window_center, width: a.window_width } : null;
}

export function windowOf(a: Attachment, view: View): Window | null {
  return typeof view.center === 'number' && typeof view.width === 'number' ? { center: view.center, width: view.width } : ownWindow(a);
}

export function presetOf(a: Attachment, view: View): string {
  if (typeof view.width !== 'number') {
    return 'own';
  }
  return CT_PRESETS.find((p) => a.modality === 'CT' && p.center === view.center && p.width === view.width)?.value ?? 'custom';
}

export function renderedUrl(a: Attachment, view: View, size: number): string {
  const frame = Math.min(view.frame ?? 0, (a.frames ?? 1) - 1);
  const win = typeof view.center === 'number' && typeof view.width === 'number' ? `&center=${round(view.center)}&width=${round(view.width)}` : '';
  return `/api/v1/attachments/${a.id}/rendered?frame=${frame}${win}&size=${size}`;
}

export function round(n: number): number {
  return Math.abs(n) >= 20 ? Math.round(n) : Math.round(n * 100) / 100;
}

/* Dragging: right = wider (less contrast), down = darker, scaled to the present width so that it suits 80 and 4000 alike. */
export function dragged(start: Window, dx: number, dy: number): Window {
  const width = Math.max(1, start.width * Math.exp(dx / 200));
  return { center: round(start.center + (dy * start.width) / 300), width: Math.max(1, round(width)) };
}

/* A CSS filter that shows the picture rendered at `shown` about as it will look at `wanted`, until the true one has come. */
export function previewFilter(shown: Window, wanted: Window): string {
  const gain = shown.width / wanted.width;
  const offset = (shown.center - shown.width / 2 - (wanted.center - wanted.width / 2)) / wanted.width;
  const brightness = gain + 2 * offset;
  if (brightness <= 0.02) {
    return 'brightness(0)';
  }
  return `contrast(${(gain / brightness).toFixed(3)}) brightness(${brightness.toFixed(3)})`;
}

export function sameView(a: View, b: View): boolean {
  return a.attachment === b.attachment && (a.frame ?? 0) === (b.frame ?? 0) && a.center === b.center && a.width === b.width;
}
