"""How many examples a property is tried with: few in `make test`, all of them in CI.

The profile is `ci` where CI is set in the environment, else `quick`; `--hypothesis-profile` overrules both.
"""

import os

from hypothesis import settings

ALL = 100
QUICK = 25
FEWEST = 2


def choose_profile() -> None:
    """Register both profiles and load the one that fits."""
    # How long an example takes depends on the machine: there is no deadline.
    settings.register_profile("ci", deadline=None, max_examples=ALL, print_blob=True)
    settings.register_profile("quick", deadline=None, max_examples=QUICK)
    settings.load_profile("ci" if os.environ.get("CI") else "quick")


def examples(count: int) -> settings:
    """Try a property with this number of examples in CI, and with the profile's share of it elsewhere."""
    chosen: int = settings().max_examples
    return settings(max_examples=max(count * chosen // ALL, FEWEST))
