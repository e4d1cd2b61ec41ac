#!/usr/bin/python3
"""Reference values of every picture in a folder, from readers other than ours (pydicom with numpy and Pillow, dcmtk).

test_imaging_reference.py FOLDER OUT makes further files of them below OUT/made (dcmtk's compressors), and writes, for each frame
of both folders that one of the readers shows, OUT/NAME.FRAME.ref:
width, height, components (uint32 LE), then stored values (int64 LE) plane by plane; and for gray pictures OUT/NAME.FRAME.win:
the picture at window 40/400 in eight bits by PS3.3 C.11.2.1.2.1, computed with numpy from the same values."""
import os
import struct
import subprocess
import sys
import warnings

import numpy
import pydicom

warnings.simplefilter("ignore")
DCMTK = {"1.2.840.10008.1.2.4.50": ["dcmdjpeg", "+cn"], "1.2.840.10008.1.2.4.51": ["dcmdjpeg", "+cn"],
         "1.2.840.10008.1.2.4.57": ["dcmdjpeg", "+cn"], "1.2.840.10008.1.2.4.70": ["dcmdjpeg", "+cn"],
         "1.2.840.10008.1.2.4.80": ["dcmdjpls"], "1.2.840.10008.1.2.4.81": ["dcmdjpls"]}


def frames_of(path, scratch):
    dataset = pydicom.dcmread(path, force=True)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in DCMTK:
        subprocess.run([*DCMTK[syntax], path, scratch], check=True, stderr=subprocess.DEVNULL)
        dataset = pydicom.dcmread(scratch)
        os.unlink(scratch)
    pixels = dataset.pixel_array
    if int(getattr(dataset, "NumberOfFrames", 1) or 1) == 1:
        pixels = pixels[None]
    return dataset, pixels


def write_window(dataset, values, path):
    slope = float(getattr(dataset, "RescaleSlope", 1) or 1)
    intercept = float(getattr(dataset, "RescaleIntercept", 0) or 0)
    x = values.astype(numpy.float64) * slope + intercept
    center, width = 40.0, 400.0
    y = ((x - (center - 0.5)) / (width - 1) + 0.5) * 255.0
    y = numpy.where(x <= center - 0.5 - (width - 1) / 2, 0, numpy.where(x > center - 0.5 + (width - 1) / 2, 255, y))
    y = numpy.floor(numpy.clip(y, 0, 255) + 0.5).astype(numpy.uint8)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        y = 255 - y
    if "PixelPaddingValue" in dataset:
        low = int(dataset.PixelPaddingValue)
        high = int(getattr(dataset, "PixelPaddingRangeLimit", low))
        y = numpy.where((values >= min(low, high)) & (values <= max(low, high)), 0, y).astype(numpy.uint8)
    with open(path, "wb") as out:
        out.write(y.tobytes())


def write_references(folder, out_folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".dcm"):
            continue
        try:
            dataset, frames = frames_of(path, os.path.join(out_folder, "scratch"))
        except Exception:  # no reader shows it: then neither need we
            continue
        for index, frame in enumerate(frames):
            planes = frame[:, :, None] if frame.ndim == 2 else frame
            base = os.path.join(out_folder, "%s.%d" % (name, index))
            with open(base + ".ref", "wb") as out:
                out.write(struct.pack("<III", planes.shape[1], planes.shape[0], planes.shape[2]))
                out.write(numpy.ascontiguousarray(planes.transpose(2, 0, 1)).astype("<i8").tobytes())
            if frame.ndim == 2 and dataset.PhotometricInterpretation.startswith("MONOCHROME"):
                write_window(dataset, frame, base + ".win")


def make_files(folder, made):
    """Further compressed files by dcmtk: every predictor of JPEG lossless (16 bits with a black corner among them), point
    transform, JPEG-LS of each interleave, RLE, extended and baseline JPEG of several frames."""
    os.mkdir(made)

    def run(tool, options, source, name):
        subprocess.run([tool, *options, source, os.path.join(made, name)], check=True, stderr=subprocess.DEVNULL)

    for source in ("MR_small", "CT_small", "SC_rgb_small_odd"):
        path = os.path.join(folder, source + ".dcm")
        for predictor in range(1, 8):
            run("dcmcjpeg", ["+el", "+sv", str(predictor)], path, "%s_lossless_%d.dcm" % (source, predictor))
        run("dcmcjpeg", ["+el", "+sv", "1", "+pt", "2"], path, source + "_transform.dcm")
        run("dcmcrle", [], path, source + "_rle.dcm")
    run("dcmcjpls", ["+el"], os.path.join(folder, "CT_small.dcm"), "CT_small_ls.dcm")
    frames = os.path.join(made, "two_frames.dcm")
    run("dcmdrle", [], os.path.join(folder, "SC_rgb_rle_2frame.dcm"), "two_frames.dcm")
    run("dcmcjpls", ["+el", "+il"], frames, "two_frames_ls_line.dcm")
    run("dcmcjpls", ["+el", "+iv"], frames, "two_frames_ls_sample.dcm")
    run("dcmcjpeg", ["+e1"], frames, "two_frames_lossless.dcm")
    run("dcmcjpeg", ["+eb"], frames, "two_frames_baseline.dcm")
    run("dcmdjpeg", [], os.path.join(folder, "JPGExtended.dcm"), "twelve_bits.dcm")
    run("dcmcjpeg", ["+e1"], os.path.join(made, "twelve_bits.dcm"), "twelve_bits_lossless.dcm")
    run("dcmcjpls", ["+en", "+md", "2"], os.path.join(made, "twelve_bits.dcm"), "twelve_bits_ls_near.dcm")


if __name__ == "__main__":
    make_files(sys.argv[1], os.path.join(sys.argv[2], "made"))
    write_references(os.path.join(sys.argv[2], "made"), sys.argv[2])
    write_references(sys.argv[1], sys.argv[2])
