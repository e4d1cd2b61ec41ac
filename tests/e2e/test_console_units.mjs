// The console's plain calculations, run by node as they are built for the browser: SHA-256 against known vectors, the thin-link
// ladder on recorded sequences, the words for everything that the gateway writes into a history.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { load } from './lib/console.mjs';
import { Checks, root } from './lib/gateway.mjs';

const checks = new Checks();
const node256 = (data) => createHash('sha256').update(data).digest('hex');

async function sha256() {
  const { Sha256, sha256File } = await load('lib/sha256.ts');
  const hash = (...pieces) => {
    const h = new Sha256();
    for (const piece of pieces) h.update(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
    return h.hex();
  };
  // FIPS 180-2 appendix B, and NIST's further examples
  const long = 'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
  const known = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
    [long, 'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1'],
    ['a'.repeat(1000000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
    ['\xbd', '68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b', Uint8Array.of(0xbd)],
  ];
  for (const [text, expected, octets] of known) checks.ok(hash(octets ?? text) === expected, `SHA-256 vector of ${(octets ?? text).length} octets`);
  let wrong = 0;
  for (let n = 0; n <= 300; n++) {
    const data = randomBytes(n), cut = n ? n % 67 : 0;
    if (hash(data.subarray(0, cut), data.subarray(cut)) !== node256(data)) wrong++;
  }
  checks.ok(wrong === 0, 'SHA-256 of each length 0..300, in two pieces', `${wrong} differ`);
  const big = Buffer.alloc(33 * 1024 * 1024 + 13, 0);
  for (let i = 0; i < big.length; i += 4096) big.writeUInt32LE(i, i);
  checks.ok(await sha256File(new Blob([big])) === node256(big), 'SHA-256 of a file above 32 MiB, piece by piece', `${big.length} octets`);
  const small = big.subarray(0, 100000);
  checks.ok(await sha256File(new Blob([small])) === node256(small), 'SHA-256 of a small file by the browser');
  const started = Date.now();
  const piece = new Uint8Array(8 * 1024 * 1024).fill(0x5a);
  const h = new Sha256(), reference = createHash('sha256');
  for (let i = 0; i < 65; i++) { // 520 MiB: the length in bits needs its upper word
    h.update(piece);
    reference.update(piece);
  }
  checks.ok(h.hex() === reference.digest('hex'), 'SHA-256 above 2^32 bits');
  checks.figure('sha256_mib_per_s', Math.round(520000 / (Date.now() - started)));
}

async function spreadsheet() {
  const { csv } = await load('lib/csv.ts');
  const rows = (...cells) => csv([cells]).slice(1);
  checks.ok(csv([]).codePointAt(0) === 0xfeff && csv([['a'], ['b']]) === '\ufeffa\r\nb\r\n', 'a CSV file begins with the mark of UTF-8, its lines end with CRLF');
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '\r=1', '\n@x'];
  const wrong = formulas.filter((f) => !rows(f).replace(/^"/, '').startsWith("'"));
  checks.ok(wrong.length === 0, 'what begins like a formula is text', JSON.stringify(wrong));
  checks.ok(rows(-1, '协议 3-1', 'a=b') === '-1,协议 3-1,a=b\r\n', 'control: a number below nought and signs within stay as they are');
  checks.ok(rows('a,b', 'say "x"', 'two\nlines', null) === '"a,b","say ""x""","two\nlines",\r\n', 'commas, quotes and lines are quoted');
}

const good = { loss_permille: 0, rtt_ms: 60 };

async function ladder() {
  const { advance, start, Ladder, AUTOMATIC, LADDER } = await load('room/ladder.ts');
  // plays reports 2 s apart; the levels after each
  const play = (reports, at = start(), from = 0) => reports.map((r, i) => { at = advance(at, r, from + i * 2000); return at.level; });
  const n = (count, r) => Array.from({ length: count }, () => r);
  checks.ok(play(n(1, { loss_permille: 60, rtt_ms: 60 }))[0] === 'low', 'one report of 6 % loss lowers at once');
  checks.ok(play(n(1, { loss_permille: 0, rtt_ms: 2000 }))[0] === 'low', 'a round trip of 2 s lowers at once');
  checks.ok(play([{ ...good, carries_bps: 250000 }])[0] === 'low', 'a link that carries 250 kbit/s lowers 600 at once');
  checks.ok(play([{ ...good, carries_bps: 500000 }])[0] === 'medium' && play([{ ...good, carries_bps: null }])[0] === 'medium', 'control: 500 kbit/s or an unknown capacity does not');
  checks.ok(play(n(1, { loss_permille: 200, rtt_ms: 60 }))[0] === 'min', '20 % loss lowers two steps');
  checks.ok(play(n(20, { loss_permille: 30, rtt_ms: 60 })).every((l) => l === 'medium'), '3 % loss changes nothing, up or down');
  const down = play(n(12, { loss_permille: 80, rtt_ms: 60 }));
  checks.ok(down.join().replace(/(\w+)(,\1)+/g, '$1') === 'low,min,audio', 'lasting loss goes step by step; audio alone comes last', down.join(' '));
  const awful = play(n(8, { loss_permille: 400, rtt_ms: 60 }));
  checks.ok(awful[0] === 'min' && awful.indexOf('audio') >= 2, 'even at 40 % loss audio alone is reached only from the lowest step', awful.join(' '));
  const settle = play([{ loss_permille: 80, rtt_ms: 60 }, { loss_permille: 80, rtt_ms: 60 }, good, good]);
  checks.ok(settle.join() === 'low,low,low,low', 'what is reported just after a fall is still from before it', settle.join(' '));
  const up = play([{ loss_permille: 80, rtt_ms: 60 }, ...n(12, good)]);
  checks.ok(up.indexOf('medium') === 6, 'up after 10 s of clean reports, not before', up.join(' '));
  const blip = play([{ loss_permille: 80, rtt_ms: 60 }, ...n(3, good), { loss_permille: 30, rtt_ms: 60 }, ...n(5, good)]);
  checks.ok(blip.every((l) => l === 'low'), 'a doubtful report starts the 10 s again', blip.join(' '));
  let at = start('low'), clock = 0;
  const waits = [];
  for (let round = 0; round < 5; round++) { // each rise is followed by loss: it must swing ever more slowly
    let waited = 0;
    while (at.level === 'low' && waited < 200) { at = advance(at, good, clock += 2000); waited++; }
    waits.push(waited * 2);
    at = advance(at, { loss_permille: 90, rtt_ms: 60 }, clock += 4000);
  }
  checks.ok(waits.every((w, i) => i === 0 || w >= waits[i - 1]) && waits[4] >= 60 && waits[4] <= 64, 'rises that fail wait 10, 20, 40, at most 60 s', waits.join(' '));
  let recovered = start('audio'), steps = [];
  for (let t = 0; t < 60; t++) { recovered = advance(recovered, good, t * 2000); if (steps.at(-1) !== recovered.level) steps.push(recovered.level); }
  checks.ok(steps.join() === AUTOMATIC.join(), 'from audio alone it climbs back through every step', steps.join(' '));
  // a recorded township ADSL evening: 300 kbit/s with bursts; it must settle where the link carries it
  const evening = [good, { loss_permille: 120, rtt_ms: 400, carries_bps: 280000 }, { ...good, carries_bps: 280000 }, ...n(4, good), ...n(40, { ...good, carries_bps: null })];
  const path_ = play(evening);
  checks.ok(!path_.includes('audio') && path_[1] === 'low', 'a thin evening never loses the picture', path_.slice(0, 8).join(' '));
  const applied = [], byHand = new Ladder((level) => applied.push(level));
  byHand.choose('high');
  for (let t = 0; t < 10; t++) byHand.report({ loss_permille: 500, rtt_ms: 3000, carries_bps: 10000 }, t * 2000);
  checks.ok(byHand.level.get() === 'high' && applied.join() === 'high' && !byHand.lowered, 'what was chosen by hand wins over every report');
  byHand.choose('audio');
  for (let t = 0; t < 30; t++) byHand.report(good, t * 2000);
  checks.ok(byHand.level.get() === 'audio', 'audio alone by hand stays');
  byHand.choose('auto');
  byHand.report({ loss_permille: 90, rtt_ms: 60 }, 0);
  checks.ok(byHand.level.get() === 'low' && byHand.lowered, 'automatic again: reports count again');
  const before = applied.length;
  byHand.report(good, 2000);
  byHand.report(null, 4000);
  checks.ok(applied.length === before, 'a report that changes nothing touches no sender');
  checks.ok(AUTOMATIC.every((l, i) => i === 0 || LADDER[l].bps > LADDER[AUTOMATIC[i - 1]].bps) && LADDER.audio.bps === 0, 'the steps rise');
}

// Every action and reason that the gateway can write into a consultation's history has words in both languages.
async function words() {
  const { dict } = await load('lib/dict.ts');
  const sources = [];
  const walk = (folder) => readdirSync(folder, { withFileTypes: true }).forEach((e) => {
    if (e.isDirectory() && e.name !== 'console') walk(path.join(folder, e.name));
    else if (/\.(c|def)$/.test(e.name)) sources.push([e.name, readFileSync(path.join(folder, e.name), 'utf8'), path.basename(folder)]);
  });
  walk(path.join(root, 'gateway'));
  const text = sources.map(([, s]) => s).join('\n');
  const fsm = sources.find(([name]) => name === 'consult_fsm.def')[1];
  const named = /"((?:consent|recording|attachment|consultation)\.[a-z.-]+)"/g;
  const places = [/(?:audit_action|\.action)\s*=[^;{}]*?;?(?=\n)[^;{}]*/g, /(?:audit_part|consult_audit|consult_attachment_changed)\([^;]*;/g];
  const written = [...new Set(places.flatMap((place) => [...text.matchAll(place)].flatMap((m) => [...m[0].matchAll(named)].map((x) => x[1]))))];
  const events = [...fsm.matchAll(/^CONSULT_EVENT\(\w+,\s*"([a-z-]+)"/gm)].map((m) => m[1]);
  const named_ = new Map([...fsm.matchAll(/^CONSULT_EVENT\((\w+),\s*"([a-z-]+)"/gm)].map((m) => [m[1], m[2]]));
  const stays = new Set([...fsm.matchAll(/^STAYS\((\w+),/gm)].map((m) => named_.get(m[1])));
  const states = [...fsm.matchAll(/^CONSULT_STATE\(\w+,\s*"([a-z-]+)",\s*(\w+)/gm)].filter((m) => m[2] !== 'RESERVED').map((m) => m[1]);
  const reasons = new Set(sources.filter(([, , folder]) => ['consult', 'records', 'queue'].includes(folder))
    .flatMap(([, s]) => [...s.matchAll(/reason_code\s*=\s*"([a-z-]+)"/g)].map((m) => m[1])));
  const timers = sources.find(([name]) => name === 'consult_rounds.c')[1];
  for (const m of timers.slice(timers.indexOf('reason_of(')).matchAll(/return "([a-z-]+)";/g)) reasons.add(m[1]);
  for (const m of fsm.matchAll(/^CONSULT_TIMER\(\w+,\s*"([a-z-]+-overdue)"/gm)) reasons.add(m[1]);
  for (const reason of ['ended', 'technical', 'withdrawn', 'consent-withdrawn']) reasons.add(reason); // a recording's end
  const reminders = [...fsm.matchAll(/^CONSULT_TIMER\(\w+,\s*"([a-z-]+)".*\bREMIND,/gm)].map((m) => m[1]).filter((r) => r !== 'ring');
  const inner = new Set([...fsm.matchAll(/^CONSULT_EVENT\(\w+,\s*"([a-z-]+)",\s*INTERNAL/gm)].map((m) => m[1]));
  const placed = ['submit', 'discard', 'start', 'sign', 'acknowledge', 'refer', 'enlist', 'excuse', 'contribute', 'invite', 'uninvite', 'admit-observer', 'dismiss-observer']; // buttons of a form, with words of their own
  const lacking = [
    ...written.filter((a) => a !== 'consultation.ring').map((a) => `event.${a.replace(/^consultation\./, '')}`), // a ring is not shown
    ...states.map((s) => `state.${s}`), ...[...reasons].map((r) => `reason.${r}`),
    ...events.filter((e) => stays.has(e) && e !== 'record').map((e) => `event.${e}`), // the state stays: shown by their own name
    ...reminders.map((r) => `remind.${r}`), ...events.filter((e) => !inner.has(e) && !placed.includes(e)).map((e) => `act.${e}`),
  ].filter((k) => !(k in dict));
  checks.ok(events.length >= 20 && states.length >= 15 && reasons.size >= 10 && written.length >= 9 && stays.size >= 10 && reminders.length >= 15, 'control: the tables of the gateway were read', `${events.length} events, ${states.length} states, ${reasons.size} reasons, ${written.sort().join(' ')}`);
  checks.ok(new Set(lacking).size === 0, 'words for every action, state and reason of the history', [...new Set(lacking)].join(' '));
  const empty = Object.entries(dict).filter(([, pair]) => pair.length !== 2 || pair.some((x) => x.trim() === ''));
  checks.ok(empty.length === 0, 'every sentence is there in Chinese and English', empty.map(([k]) => k).join(' '));
  const uneven = Object.entries(dict).filter(([, [zh, en]]) => (zh.match(/\{\w+\}/g) ?? []).sort().join() !== (en.match(/\{\w+\}/g) ?? []).sort().join());
  checks.ok(uneven.length === 0, 'both languages of a sentence take the same figures', uneven.map(([k]) => k).join(' '));
}

// The waits that the agreement's form offers are timers of the gateway, with its defaults.
async function waits() {
  const { WAITS } = await load('lib/partnership.ts');
  const { dict } = await load('lib/dict.ts');
  const read = (name) => readFileSync(path.join(root, 'gateway', name), 'utf8');
  const table = new Map([
    ...[...read('consult/consult_fsm.def').matchAll(/^CONSULT_TIMER\(\w+,\s*"([a-z-]+)",\s*\w+,\s*\w+,\s*(-?\d+),\s*(-?\d+),\s*(-?\d+)/gm)],
    ...[...read('referral/referral_fsm.def').matchAll(/^REFERRAL_TIMER\(\w+,\s*"([a-z-]+)",\s*\w+,\s*(\d+),\s*(\d+)/gm)],
  ].map(([, name, ...seconds]) => [name, seconds.map(Number).join()]));
  const wrong = [...WAITS.filter((w) => table.get(w.name) !== w.usual.join()).map((w) => w.name), ...[...table.keys()].filter((name) => !(`pship.wait.${name}` in dict))];
  checks.ok(wrong.length === 0 && WAITS.length >= 20, 'the waits an agreement may set are the gateway\'s, with its defaults', wrong.join(' ') || WAITS.length);
  checks.ok(table.get('ring') === '600,120,30' && table.get('accept-due') === '86400,1800', 'control: both tables were read', table.size);
}

// What a reader stumbles over in a sentence of the dictionary; '' when there is nothing.
function stumble([zh, en]) {
  if (/[\p{Script=Han}”）}][,;:?!](?!\d)/u.test(zh) && /\p{Script=Han}/u.test(zh)) return 'punctuation of half width after Chinese';
  if (/\p{Script=Han}/u.test(en)) return 'Chinese in English';
  if (/\{n\} (?!(?:min|s|has|is|was)\b)[a-z]+s\b/.test(en)) return 'a plural that is one for {n} = 1';
  return '';
}

async function wording() {
  const { dict } = await load('lib/dict.ts');
  const found = Object.entries(dict).map(([key, pair]) => [key, stumble(pair)]).filter(([, why]) => why);
  checks.ok(found.length === 0, 'punctuation of its own in Chinese, no Chinese in English, plurals by number', found.map((x) => x.join(': ')).join('; '));
  const bad = [['原因: {text}', 'x'], ['重做?', 'x'], ['帧', '第 frame'], ['{n} 次', 'alarmed {n} times']].map(stumble);
  checks.ok(bad.every(Boolean) && !stumble(['{m} 分：12:30', '{n} {n|time|times}']), 'control: each of these is seen', bad.join('; '));
  const { t, language } = await load('lib/i18n.ts');
  language.set('en');
  const said = [0, 1, 2].map((n) => t('mdt.outstanding', { n, who: 'X' }).slice(0, 9));
  checks.ok(said.join() === '0 opinion,1 opinion,2 opinion' && / opinion is /.test(t('mdt.outstanding', { n: 1, who: 'X' })) && / opinions are /.test(t('mdt.outstanding', { n: 2, who: 'X' })), 'one is said as one, several as several', t('mdt.outstanding', { n: 1, who: 'X' }));
}

try {
  await sha256();
  await spreadsheet();
  await ladder();
  await words();
  await waits();
  await wording();
} catch (error) {
  checks.ok(false, 'the test ran to its end', error.stack);
} finally {
  checks.end();
}
