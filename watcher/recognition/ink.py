"""Ink apart from paper: how much of it lies on each pixel, whatever the colors and the light."""

import cv2
import numpy as np
from numpy.typing import NDArray


def ink_coverage(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Ink on each pixel of a (64, 64, 3) uint8 RGB picture, as (64, 64) float32 from 0 (paper) to 1.

    All zeros where there is no ink.
    """
    smooth = cv2.GaussianBlur(picture, (3, 3), 0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25))
    paper = cv2.GaussianBlur(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, kernel), (15, 15), 0)
    apart = paper.astype(np.float32) - smooth
    strength = np.sqrt((apart * apart).sum(axis=2))
    top = float(np.percentile(strength, 99))
    if top < 20:
        return np.zeros(picture.shape[:2], np.float32)
    return np.asarray(np.clip(strength / top, 0, 1), np.float32)
