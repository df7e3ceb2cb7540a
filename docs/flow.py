"""Draws flow.svg: pictures in the inbox and the folders they are filed in. Run `python docs/flow.py`.

The pen draws the pictures, and the references that come with the program recognize them.
"""

import base64
from pathlib import Path

import numpy as np
from jinja2 import Template
from numpy.typing import NDArray

from watcher.pen.drawing import draw
from watcher.pen.ink import jpeg
from watcher.recognition import ImageClassifier, Reading, read_picture

Picture = NDArray[np.uint8]

ROOT = Path(__file__).parents[1]
NAMES = ("meter-0412.png", "ballot-17.jpg", "exam-3b.tif", "shelf-9.webp", "scan.png")
DIGITS = ((7, 12, 1), (3, 4, 2), (5, 31, 5), (0, 22, 3), (4, 5, 10))
"""Digit, seed and index of each picture; the last is a 4 that looks like a 9."""
REVIEW_BELOW = 0.9
SURE, DOUBTFUL, FAILED = "#1f6f54", "#a4590a", "#a3312a"
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 262" font-family="system-ui, sans-serif"
 font-size="14">
<title>Pictures in the inbox, and the folders they end in</title>
<rect x=".5" y=".5" width="639" height="261" rx="12" fill="#fbfaf7" stroke="#b9b4a8"/>
<g fill="#6b665c" font-size="12"><text x="24" y="27">inbox/</text><text x="452" y="27">outbox/</text></g>
{% for row in rows %}{% set y = 38 + loop.index0 * 36 %}
{% if row.picture %}<image x="24" y="{{ y }}" width="32" height="32" href="{{ row.picture }}"/>
{% else %}<path d="M34 {{ y + 10 }} h12 m-12 5 h12 m-12 5 h8" stroke="#8a8478" stroke-width="1.5"/>
{% endif %}<rect x="24" y="{{ y }}" width="32" height="32" fill="none" stroke="#d5d0c4"/>
<text x="66" y="{{ y + 21 }}" fill="#23211d">{{ row.name }}</text>
<g stroke="{{ row.color }}" stroke-width="1.5" fill="none"><path d="M190 {{ y + 16 }} H 438"/>
<path d="m432 {{ y + 12 }} 7 4 -7 4"/></g>
<rect x="228" y="{{ y + 3 }}" width="172" height="26" rx="13" fill="#fbfaf7" stroke="{{ row.color }}"/>
<text x="314" y="{{ y + 21 }}" text-anchor="middle" fill="{{ row.color }}">{{ row.said }}</text>
<text x="452" y="{{ y + 21 }}" fill="#23211d"><tspan font-weight="600" fill="{{ row.color }}">
{{- row.folder }}/</tspan>{{ row.name }}</text>
{% endfor %}
</svg>
"""


def main() -> None:
    """Write flow.svg into this folder."""
    files = sorted((ROOT / "images").glob("*.jpg"))
    references = np.stack([read_picture(file.read_bytes()) for file in files])
    classifier = ImageClassifier().fit(references, [int(file.name[0]) for file in files])
    pictures = [draw(seed, digit, index) for digit, seed, index in DIGITS]
    readings = classifier.classify(np.stack(pictures))
    rows = [row(*each) for each in zip(NAMES, pictures, readings, strict=True)]
    text = Template(TEMPLATE).render(rows=[*rows, failed("notes.txt")])
    Path(__file__).with_name("flow.svg").write_text(text + "\n", "utf-8")


def row(name: str, picture: Picture, reading: Reading) -> dict[str, str]:
    """The row for a picture."""
    is_sure = reading.reason is None and reading.certainty >= REVIEW_BELOW
    return {
        "name": name,
        "picture": f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture)).decode()}",
        "said": f"a {reading.digit}{',' if is_sure else '?'} {int(reading.certainty * 1000) / 10} % sure",
        "color": SURE if is_sure else DOUBTFUL,
        "folder": str(reading.digit) if is_sure else "review",
    }


def failed(name: str) -> dict[str, str]:
    """The row for a file that is not a picture."""
    return {
        "name": name,
        "picture": "",
        "said": "no picture",
        "color": FAILED,
        "folder": "failed",
    }


if __name__ == "__main__":
    main()
