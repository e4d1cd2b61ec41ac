/* SHA-256 (FIPS 180-4). Small input goes to the browser's own; large files are hashed piece by piece, so that a 1 GB study
 * never has to fit into the memory of an old PC. */
const WHOLE_MAX = 32 * 1024 * 1024;
const PIECE = 4 * 1024 * 1024;

const K = new Int32Array(64);
const H0 = new Int32Array(8);
(function constants(): void {
  // The first 32 bits of the fractional parts of the cube (square) roots of the first 64 (8) primes.
  let n = 2;
  for (let found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) {
      prime = prime && n % d !== 0;
    }
    if (prime) {
      if (found < 8) {
        H0[found] = Math.floor((Math.sqrt(n) % 1) * 2 ** 32) | 0;
      }
      K[found] = Math.floor((Math.cbrt(n) % 1) * 2 ** 32) | 0;
      found++;
    }
  }
})();

export class Sha256 {
  private h = H0.slice();
  private w = new Int32Array(64);
  private block = new Uint8Array(64);
  private fill = 0;
  private total = 0;

  update(data: Uint8Array): void {
    this.total += data.length;
    let at = 0;
    if (this.fill > 0) {
      at = Math.min(64 - this.fill, data.length);
      this.block.set(data.subarray(0, at), this.fill);
      this.fill += at;
      if (this.fill < 64) {
        return;
      }
      this.mix(this.block, 0);
      this.fill = 0;
    }
    for (; at + 64 <= data.length; at += 64) {
      this.mix(data, at);
    }
    this.block.set(data.subarray(at), 0);
    this.fill = data.length - at;
  }

  hex(): string {
    const bits = this.total * 8;
    const tail = new Uint8Array(this.fill < 56 ? 64 : 128);
    tail.set(this.block.subarray(0, this.fill));
    tail[this.fill] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(tail.length - 4, bits >>> 0);
    for (let at = 0; at < tail.length; at += 64) {
      this.mix(tail, at);
    }
    return Array.from(this.h, (v) => (v >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private mix(p: Uint8Array, at: number): void {
    const w = this.w;
    const h = this.h;
    for (let i = 0, o = at; i < 16; i++, o += 4) {
      w[i] = ((p[o] as number) << 24) | ((p[o + 1] as number) << 16) | ((p[o + 2] as number) << 8) | (p[o + 3] as number);
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
    }
    // plain variables: taking the eight apart and together by iterators costs more than the rounds themselves
    let a = h[0] as number;
    let b = h[1] as number;
    let c = h[2] as number;
    let d = h[3] as number;
    let e = h[4] as number;
    let f = h[5] as number;
    let g = h[6] as number;
    let k = h[7] as number;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (k + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      k = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    h[0] = (h[0] as number) + a;
    h[1] = (h[1] as number) + b;
    h[2] = (h[2] as number) + c;
    h[3] = (h[3] as number) + d;
    h[4] = (h[4] as number) + e;
    h[5] = (h[5] as number) + f;
    h[6] = (h[6] as number) + g;
    h[7] = (h[7] as number) + k;
  }
}

export async function sha256Hex(data: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', data);
  return Array.from(new Uint8Array(digest), (o) => o.toString(16).padStart(2, '0')).join('');
}

export async function sha256File(file: Blob): Promise<string> {
  if (file.size <= WHOLE_MAX) {
    return sha256Hex(await file.arrayBuffer());
  }
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += PIECE) {
    hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  }
  return hash.hex();
}
