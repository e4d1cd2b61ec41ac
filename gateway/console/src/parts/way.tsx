/* The patient's way as one picture: a row for each level of care, time from left to right; and the same as a list. */
import type { JSX } from 'preact';
import { dateTime, fullTime } from '../lib/format';
import { join, nameOf, t, tCode, useLanguage } from '../lib/i18n';
import { useResource } from '../lib/resource';
import type { Way, WayEvent } from '../lib/referral';
import { ProblemNotice } from './basic';

const LEVELS = ['province', 'city', 'county', 'township', 'village']; // top to bottom
const STEP_MIN = 84;
const LANE = 70;

function words(e: WayEvent): string {
  return join([tCode('way', e.event), e.event === 'sent' && e.direction && tCode('ref', `direction-${e.direction}`)]);
}

/* A sign of Chinese is as wide as it is high; others are half of it. */
function widthOf(text: string): number {
  return [...text].reduce((n, c) => n + (c > '\u2e80' ? 13 : 6.8), 0);
}

/* On two lines where it has a space to break at. */
function linesOf(text: string): string[] {
  const spaces = [...text].flatMap((c, i) => (c === ' ' ? [i] : []));
  const middle = spaces.sort((a, b) => Math.abs(a - text.length / 2) - Math.abs(b - text.length / 2))[0];
  return middle === undefined ? [text] : [text.slice(0, middle), text.slice(middle + 1)];
}

function href(e: WayEvent): string {
  return e.kind === 'consultation' ? `#/c/${e.id}` : `#/r/${e.id}`;
}

function Picture(p: { events: WayEvent[] }): JSX.Element {
  const lanes = LEVELS.filter((l) => p.events.some((e) => e.organisation.level === l));
  const left = Math.ceil(Math.max(...lanes.map((l) => widthOf(tCode('level', l))))) + 22;
  const step = Math.max(STEP_MIN, ...p.events.flatMap((e) => linesOf(words(e)).map((line) => Math.ceil(widthOf(line)) + 10))); // words stand beside each other
  const width = left + p.events.length * step + 12;
  const height = lanes.length * LANE + 12;
  const y = (e: WayEvent): number => lanes.indexOf(e.organisation.level) * LANE + LANE / 2 + 6;
  const x = (i: number): number => left + i * step + step / 2;
  const last = p.events[p.events.length - 1];
  return (
    <svg class="way-picture" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img"
      aria-label={t('way.picture', { n: p.events.length, last: last ? `${words(last)} ${nameOf(last.organisation)}` : '' })}>
      {lanes.map((l, i) => (
        <g key={l}>
          <rect class={i % 2 ? 'way-lane odd' : 'way-lane'} x={0} y={i * LANE} width={width} height={LANE} />
          <text class="way-level" x={8} y={i * LANE + LANE / 2 + 4}>{tCode('level', l)}</text>
        </g>
      ))}
      <polyline class="way-line" points={p.events.map((e, i) => `${x(i)},${y(e)}`).join(' ')} />
      {p.events.map((e, i) => (
        <g key={`${e.id}-${i}`}>
          <title>{join([words(e), nameOf(e.organisation), fullTime(e.at_ms), e.number])}</title>
          <circle class={`way-dot ${e.kind} ${e.event}`} cx={x(i)} cy={y(e)} r={7} />
          {linesOf(words(e)).map((line, n, all) => <text key={n} class="way-word" x={x(i)} y={y(e) - 13 - (all.length - 1 - n) * 13} text-anchor="middle">{line}</text>)}
          <text class="way-time" x={x(i)} y={y(e) + 22} text-anchor="middle">{dateTime(e.at_ms)}</text>
        </g>
      ))}
    </svg>
  );
}

/* On a telephone the list stands in the picture's place (style.css). */
const NARROW = window.matchMedia('(max-width: 760px)');

export function WayCard(p: { path: string }): JSX.Element | null {
  useLanguage();
  const way = useResource<Way>(p.path, ['referral.changed', 'consultation.changed']);
  const events = way.data?.events ?? [];
  if (!way.data && !way.problem) {
    return null;
  }
  return (
    <section class="card way" aria-labelledby="way-title">
      <h2 id="way-title">{t('way.title')}</h2>
      <ProblemNotice problem={way.problem} retry={() => void way.reload()} />
      {way.data && events.length === 0 && <p class="hint">{t('way.empty')}</p>}
      {events.length > 0 && (
        <>
          <div class="way-scroll" tabIndex={0} role="group" aria-label={t('way.title')}><Picture events={events} /></div>
          <details open={NARROW.matches}>
            <summary>{t('way.list')}</summary>
            <ol class="way-list">
              {events.map((e, i) => (
                <li key={`${e.id}-${i}`}>
                  <time>{fullTime(e.at_ms)}</time> <strong>{words(e)}</strong> {nameOf(e.organisation)} <span class="hint">{join([e.reason_code && tCode('ref', `why-${e.reason_code}`)])}</span> <a href={href(e)}>{e.number}</a>
                </li>
              ))}
            </ol>
          </details>
        </>
      )}
    </section>
  );
}
