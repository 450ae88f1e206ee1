"""R9: days of 23 and 25 hours: a schedule fires once on each of its days, at its hour."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import yaml
from faults.promises.kept import Kept
from support import REPOSITORY

YEARS = (2026, 2027, 2028)


def daylight_is_saved() -> Kept:
    """Every cron schedule of the deployments, over whole years with both changes: once on each of its days, at its hour."""
    kept = Kept("R9 days of 23 and 25 hours")
    deployments = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
    written = [schedule for each in deployments for schedule in each["schedules"] if "cron" in schedule]
    kept.require(bool(written), "no deployment has a schedule")
    for schedule in written:
        for year in YEARS:
            _year(kept, schedule["cron"], schedule["timezone"], year)
    return kept


def _year(kept: Kept, cron: str, timezone: str, year: int) -> None:
    zone = ZoneInfo(timezone)
    begin, end = datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
    fires = [at.astimezone(zone) for at in _dates(cron, timezone, begin, end)]
    days = [begin.date() + timedelta(k) for k in range((end.date() - begin.date()).days)]
    wanted = {day for day in days if day.weekday() < 5}
    counted = Counter(at.date() for at in fires)
    kept.tried += len(wanted)
    for day in wanted | set(counted):
        kept.require(counted[day] == (day in wanted), f"{day} fires {counted[day]} times")
    times = {at.time() for at in fires}
    kept.require(len(times) == 1, f"{year}: fires at {sorted(times)}")
    apart = {day: _offset(day, zone) for day in days}
    kept.require(len(set(apart.values())) == 2, f"{year} has no change of the clock in {zone}: this shows nothing")


def _dates(cron: str, timezone: str, begin: datetime, end: datetime) -> list[datetime]:
    """As the workflow server's own scheduler counts them."""
    from prefect.server.schemas.schedules import CronSchedule

    made = CronSchedule(cron=cron, timezone=timezone)
    return [at for at in asyncio.run(made.get_dates(n=400, start=begin, end=end)) if at < end]


def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()
