"""When something begins next: from when on it is available, or what the catalogue says of its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from footlight_engines.act.assistant.facts import Facts
from footlight_engines.act.assistant.reading import CHINESE
from footlight_engines.act.assistant.wording import say, title_of

KEYS = (
    "next live", "next stream", "next show", "next broadcast", "next episode", "next", "live at", "streams at", "starts",
    "starts at", "start time", "airs", "airs at", "air time", "airtime", "showtime", "showtimes", "schedule", "下次直播",
    "下次开播", "直播时间", "开播时间", "播出时间", "演出时间", "时间表", "首播",
)  # fmt: skip
"""What attributes are called that say it, the likeliest first."""


def next_time(language: str, facts: Facts, now: int) -> str:
    """When an item begins next, in words; ``now`` in microseconds since 1970. Empty where nobody says."""
    if facts.opens > now:
        return _said(language, datetime.fromtimestamp(facts.opens / 1e6, UTC), now)
    for key in KEYS:
        if text := facts.others.get(key, ""):
            time = _time(text)
            if time is None:
                return text
            if time.timestamp() * 1e6 > now:
                return _said(language, time, now)
    return ""


def when_next(language: str, facts: Facts, live: bool, now: int) -> str:
    """Whether an item is live now, and when it begins next."""
    title, later = title_of(language, facts), next_time(language, facts, now)
    if live:
        return say(language, "live_yes", title=title)
    return say(language, "live_next" if later else "live_no", title=title, when=later)


def _time(text: str) -> datetime | None:
    """A time as ISO 8601 writes it, with its offset; None where it is something else, or says no offset."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _said(language: str, time: datetime, now: int) -> str:
    """A time as people say it, in its own offset: today and tomorrow by that name."""
    today = datetime.fromtimestamp(now / 1e6, UTC).astimezone(time.tzinfo).date()
    clock = f"{time:%H:%M}" + (" UTC" if time.tzinfo is UTC else "")
    if time.date() in (today, today + timedelta(days=1)):
        return say(language, "today_at" if time.date() == today else "tomorrow_at", clock=clock)
    date = f"{time.year}年{time.month}月{time.day}日" if language == CHINESE else f"{time.day} {time:%B %Y}"
    return say(language, "date_at", date=date, clock=clock)
