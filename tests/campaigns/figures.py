"""What a campaign measured, told where people look for it: `make campaign` shows it, line by line."""

import json


def tell(campaign: str, **figures: object) -> None:
    """One line of JSON: what was done, and what came of it."""
    print(json.dumps({"campaign": campaign, **figures}), flush=True)  # noqa: T201 - what it is for
