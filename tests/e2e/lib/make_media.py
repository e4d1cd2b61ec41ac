#!/usr/bin/env python3
"""Makes the fake camera and microphone of a test browser: make_media.py FOLDER NAME PARTY TONE_HZ
NAME.mjpeg: 10 s of 640x360 (what the console asks a camera for) at 25 fps; a 16-bit barcode (2 rows of 8 blocks of 80x60, top left) holds PARTY in its top two bits and
the frame counter in the rest; below it a moving bar. NAME.wav: a tone of 48 kHz mono with speech-like pauses."""
import math
import struct
import subprocess
import sys
import wave

import numpy as np

WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 25, 10


def frame(value, index):
    picture = np.full((HEIGHT, WIDTH), 110, np.uint8)
    for bit in range(16):
        row, column = divmod(bit, 8)
        picture[row * 60:row * 60 + 60, column * 80:column * 80 + 80] = 235 if value >> (15 - bit) & 1 else 16
    x = index * 7 % (WIDTH - 60)
    picture[150:330, x:x + 60] = 190
    return picture


def main():
    folder, name, party, tone = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    encoder = subprocess.Popen(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r",
                                str(FPS), "-i", "-", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4", "-f", "mjpeg",
                                f"{folder}/{name}.mjpeg"], stdin=subprocess.PIPE)
    for index in range(FPS * SECONDS):
        encoder.stdin.write(frame(party << 14 | index, index).tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        sys.exit("ffmpeg failed")
    with wave.open(f"{folder}/{name}.wav", "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        samples = bytearray()
        for i in range(48000 * SECONDS):
            loud = 0.4 if i // 24000 % 4 != 3 else 0.05
            samples += struct.pack("<h", int(32767 * loud * math.sin(2 * math.pi * tone * i / 48000)))
        out.writeframes(bytes(samples))


if __name__ == "__main__":
    main()
