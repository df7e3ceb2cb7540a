"""Name files of formats that are not read, and say what to do about them."""

CONVERT = "convert it to PNG or JPEG"
SAVE_PAGE = "save the page as PNG or JPEG"
UNPACK = "unpack it, and give the pictures in it"

BEGINNINGS = (
    (b"%!PS", f"a PostScript document; {SAVE_PAGE}"),
    (b"AT&TFORM", f"a DjVu document; {SAVE_PAGE}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an office document; {SAVE_PAGE}"),
    (b"PK\x03\x04", f"a ZIP archive or an office document; {UNPACK}"),
    (b"\x1f\x8b", f"a gzip archive; {UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive; {UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {UNPACK}"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", f"a JPEG 2000 picture; {CONVERT}"),
    (b"\xff\x4f\xff\x51", f"a JPEG 2000 picture; {CONVERT}"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", f"a JPEG XL picture; {CONVERT}"),
    (b"\xff\x0a", f"a JPEG XL picture; {CONVERT}"),
    (b"8BPS", f"a Photoshop picture; {CONVERT}"),
    (b"gimp xcf", f"a GIMP picture; {CONVERT}"),
    (b"\0\0\1\0", f"an icon; {CONVERT}"),
    *(
        (b"P%d%c" % (number, gap), f"a Netpbm picture; {CONVERT}")
        for number in range(1, 7)
        for gap in b" \t\r\n"
    ),
)
"""How files of each format begin."""
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
AVIF = {b"avif", b"avis"}
LEEWAY = 1024
"""A PDF may have this many bytes before its signature, says its specification."""
MOST_BRANDS = 64


def other_format(data: bytes) -> str | None:
    """What these bytes are, and what to do, as in `a PDF document; …`; None if it is not known."""
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    start = data[:LEEWAY]
    if b"%PDF-" in start:
        return f"a PDF document; {SAVE_PAGE}"
    if data[128:132] == b"DICM":
        return f"a DICOM picture; {CONVERT}"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page; save the picture itself as PNG or JPEG"
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return f"an SVG picture; {CONVERT}"
    return next((named for beginning, named in BEGINNINGS if data.startswith(beginning)), None)


def _of_brands(data: bytes) -> str:
    """The kind of an ISO base media file (ISO/IEC 14496-12), by the brands that it lists."""
    size = min(int.from_bytes(data[:4], "big"), 16 + 4 * MOST_BRANDS)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size, 4))}
    if brands & AVIF:
        return f"an AVIF picture; {CONVERT}"
    if brands & HEIC:
        return f"a HEIC picture, as phones make them; {CONVERT}, or set the phone's camera to JPEG"
    return "a video; save one picture of it as PNG or JPEG"
