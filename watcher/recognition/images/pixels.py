"""A loaded Pillow image of any mode as RGB pixels of 8 bits."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEPTHS = (8, 12, 16, 32)
STRIP = 64
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
LOOKED_AT = 512  # pixels of the longer side that tell whether a picture is light
LIGHT = 200  # a color whose every part is at least this is hardly seen on white
FEW = 0.05  # of what is seen


def rgb_image(image: Image.Image) -> Image.Image:
    """The image in mode RGB; transparent pixels become white, or black if the rest is white.

    Values with more than 8 bits are scaled, not clipped. The full scale of 16- and 32-bit gray is that of the
    least of 8, 12, 16 and 32 bits that holds the greatest value. Floats are scaled from 0..1 if they are
    within it.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image), image.info.get("transparency"))).convert("RGB")
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        return _on_paper(image.convert("RGBA"))
    return image.convert("RGB")


def _eight_bits(values: NDArray[np.generic], transparent: object) -> NDArray[np.uint8]:
    strips = [
        slice(top, top + STRIP) for top in range(0, len(values), STRIP)
    ]  # strip by strip, a large picture takes little more memory
    greatest = max(_numbers(values[strip]).max() for strip in strips)
    if values.dtype.kind == "f" and greatest <= 1:
        white = 1.0
    else:
        white = next((2.0**depth - 1 for depth in DEPTHS if greatest < 2.0**depth), greatest)
    eight = np.empty(values.shape, np.uint8)
    for strip in strips:
        eight[strip] = np.rint(_numbers(values[strip]) * (255 / white))
    if isinstance(transparent, int):
        eight[values == transparent] = 255
    return eight


def _numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(0)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415 - LAB is rare, and the color engine loads slowly

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    changed = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert changed is not None
    return changed


def _on_paper(image: Image.Image) -> Image.Image:
    """An RGBA image on white; on black if nearly all of its ink is too light to be seen on white."""
    alpha = image.getchannel("A")
    paper = Image.new("RGB", image.size, BLACK if _is_light(image) else WHITE)
    paper.paste(image, mask=alpha)
    return paper


def _is_light(image: Image.Image) -> bool:
    """Whether a picture with transparent parts shows only what is nearly white."""
    small = image
    if max(image.size) > LOOKED_AT:
        factor = -(-max(image.size) // LOOKED_AT)
        small = image.reduce(factor)
    values = np.asarray(small)
    alpha = values[..., 3].astype(np.int64)
    if alpha.max() - alpha.min() < 128:
        return False
    darkest = values[..., :3].min(axis=2)
    seen = np.bincount(darkest.reshape(-1), alpha.reshape(-1), 256)
    return bool(seen[:LIGHT].sum() < FEW * seen.sum())
