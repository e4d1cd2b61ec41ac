// Reads a recording back with Debian's ffprobe and ffmpeg: tracks, duration, and the frame counters inside the pictures.
import { execFileSync } from 'node:child_process';

export function probe(file) {
  return JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', file], { encoding: 'utf8' }));
}

// Counters of the decoded frames of video track `index`, in order; the picture is squeezed to 64x36: one pixel in each block of the code.
export function counters(file, index) {
  const width = 64, height = 36;
  const raw = execFileSync('ffmpeg', ['-v', 'fatal', '-i', file, '-map', `0:v:${index}`, '-fps_mode', 'passthrough', '-vf',
    `scale=${width}:${height}:flags=area`, '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], { maxBuffer: 1 << 30 });
  const out = [];
  for (let at = 0; at + width * height <= raw.length; at += width * height) {
    let value = 0, margin = 255;
    for (let bit = 0; bit < 16; bit++) {
      const x = (bit % 8) * 8 + 3, y = Math.floor(bit / 8) * 6 + 2;
      let sum = 0;
      for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]]) sum += raw[at + (y + dy) * width + x + dx];
      const mean = sum / 4;
      margin = Math.min(margin, Math.abs(mean - 128));
      value = value << 1 | (mean > 128 ? 1 : 0);
    }
    out.push({ party: value >> 14, counter: value & 0x3fff, margin });
  }
  return out;
}

export function meanVolume(file, index) {
  const text = execFileSync('bash', ['-c', `ffmpeg -hide_banner -i "$1" -map 0:a:${index} -af volumedetect -f null - 2>&1`, 'x', file], { encoding: 'utf8' });
  const match = /mean_volume: (-?[\d.]+) dB/.exec(text);
  return match ? Number(match[1]) : -Infinity;
}
