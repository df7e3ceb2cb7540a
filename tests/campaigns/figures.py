"""What a campaign measured, told where people look for it: `make campaign` shows it, line by line."""

import json
import os


def tell(campaign: str, **figures: object) -> None:
    """One line of JSON: what was done, what came of it, and how busy the machine was."""
    line = {"campaign": campaign, **figures, "load": round(os.getloadavg()[0], 1)}
    print(json.dumps(line), flush=True)  # noqa: T201 - what it is for
