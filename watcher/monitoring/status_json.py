"""The status as a JSON object, for other programs and for pages."""

from typing import Any

from watcher.monitoring.faults import Fault
from watcher.monitoring.status import HOUR, MINUTE, Status
from watcher.store.counts import StatusCounts
from watcher.store.timestamps import stamp


def as_json_object(status: Status) -> dict[str, Any]:
    """The object that `watcher status --json` prints; times are stamps."""
    daemon, work, backlog = status.daemon, status.work, status.backlog
    below = backlog.in_subfolders
    state = daemon.state
    spans = (
        {}
        if work is None
        else {
            "today": (work.today, status.now - status.today),
            "last_hour": (work.hour, HOUR),
            "last_minute": (work.minute, MINUTE),
        }
    )
    return {
        "at": stamp(status.now),
        "running": daemon.running,
        "well": daemon.is_well,
        "pid": daemon.pid,
        "since": _stamp(daemon.since),
        "phase": None if state is None else state.phase,
        "seen": None if state is None else stamp(state.seen),
        "ended_by": None if state is None else state.ended_by,
        "cut_short": daemon.was_cut_short,
        "troubles": 0 if state is None else state.troubles,
        "last_fault": None if state is None else _fault(state.last_fault),
        "dropped_lines": 0 if state is None else state.dropped_lines,
        "backlog": {
            "waiting": backlog.waiting,
            "in_hand": backlog.in_hand,
            "in_subfolders": None if backlog.waiting is None else below.count if below else 0,
        },
        **{name: _counts(counts, seconds) for name, (counts, seconds) in spans.items()},
        "failed_today": []
        if work is None
        else [
            {"reason": one.reason, "pictures": one.pictures, "newest": one.newest} for one in work.failures
        ],
        "future": None if work is None else {"pictures": work.future.rows, "newest": work.future.newest},
        "references": None
        if work is None
        else {
            "version": work.reference_version,
            "count": sum(work.references),
            "digits": list(work.references),
        },
    }


def _counts(counts: StatusCounts, seconds: float) -> dict[str, Any]:
    return {
        "pictures": counts.pictures,
        "filed": counts.filed,
        "review": counts.review,
        "failed": counts.failed,
        "a_second": counts.pictures / max(seconds, 1.0),
        "review_share": counts.review / counts.pictures if counts.pictures else None,
    }


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {
        "event": fault.event,
        "fault": fault.fault,
        "since": stamp(fault.since),
        "over": _stamp(fault.over),
    }


def _stamp(seconds: float | None) -> str | None:
    return None if seconds is None else stamp(seconds)
