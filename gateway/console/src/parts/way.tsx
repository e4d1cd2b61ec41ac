/* The patient's way as one picture: a row for each level of care, time from left to right; and the same as a list. */
import type { JSX } from 'preact';
import { dateTime, fullTime } from '../lib/format';
import { join, nameOf, t, tCode, useLanguage } from '../lib/i18n';
import { useResource } from '../lib/resource';
import type { Way, WayEvent } from '../lib/referral';
import { ProblemNotice } from './basic';

const LEVELS = ['province', 'city', 'county', 'township', 'village']; // top to bottom
const STEP_MIN = 104;
const LANE = 62;
const LEFT = 128;

function words(e: WayEvent): string {
  return join([tCode('way', e.event), e.event === 'sent' && e.direction && tCode('ref', `direction-${e.direction}`)]);
}

/* A sign of Chinese is as wide as it is high; others are half of it. */
function widthOf(text: string): number {
  return [...text].reduce((n, c) => n + (c > '\u2e80' ? 13 : 6.8), 0);
}

function href(e: WayEvent): string {
  return e.kind === 'consultation' ? `#/c/${e.id}` : `#/r/${e.id}`;
}

function Picture(p: { events: WayEvent[] }): JSX.Element {
  const lanes = LEVELS.filter((l) => p.events.some((e) => e.organisation.level === l));
  const step = Math.max(STEP_MIN, ...p.events.map((e) => Math.ceil(widthOf(words(e))) + 14)); // words stand beside each other
  const width = LEFT + p.events.length * step + 24;
  const height = lanes.length * LANE + 12;
  const y = (e: WayEvent): number => lanes.indexOf(e.organisation.level) * LANE + LANE / 2;
  const x = (i: number): number => LEFT + i * step + step / 2;
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
          <text class="way-word" x={x(i)} y={y(e) - 13} text-anchor="middle">{words(e)}</text>
          <text class="way-time" x={x(i)} y={y(e) + 22} text-anchor="middle">{dateTime(e.at_ms)}</text>
        </g>
      ))}
    </svg>
  );
}

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
          <details>
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
