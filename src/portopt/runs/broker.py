"""The broker as this installation needs it: made so once, and looked at by `portopt doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.domain.errors import DataError, InvalidValue

if TYPE_CHECKING:
    from portopt.adapters.events.pulsar_admin import PulsarAdmin, TopicState
    from portopt.runtime import Runtime

SET_UP = "`portopt relay --set-up` makes it so"


def set_up(runtime: Runtime) -> dict[str, Any]:
    """Make topic, retention, deduplication and subscription; safe to repeat. Raises InvalidValue where events stay local."""
    settings = runtime.settings
    if settings.events != "pulsar":
        raise InvalidValue("events", settings.events, "there is no broker to set up", fix="set PORTOPT_EVENTS=pulsar first")
    admin(runtime).set_up(settings.pulsar_subscription, settings.pulsar_retention_days)
    return {
        "topic": settings.pulsar_topic,
        "subscription": settings.pulsar_subscription,
        "retention_days": settings.pulsar_retention_days,
        "deduplication": True,
    }


def examined(runtime: Runtime) -> str:
    """One line on the topic. Raises DataError where delivered events could be lost, or delivered twice."""
    settings = runtime.settings
    state = admin(runtime).state(settings.pulsar_subscription)
    faults = _faults(state, settings.pulsar_topic, settings.pulsar_subscription)
    if faults or state is None:
        raise DataError("; ".join(faults), field="pulsar_topic", value=settings.pulsar_topic, fixes=[SET_UP])
    return f"{settings.pulsar_topic}, {state.backlog} not read by {settings.pulsar_subscription}"


def admin(runtime: Runtime) -> PulsarAdmin:
    from portopt.adapters.events.pulsar_admin import PulsarAdmin

    settings = runtime.settings
    return PulsarAdmin(settings.pulsar_admin_url.get_secret_value(), settings.pulsar_topic, runtime.pulsar_token)


def _faults(state: TopicState | None, topic: str, subscription: str) -> list[str]:
    if state is None:
        return [f"the broker has no topic {topic}"]
    found = []
    if state.backlog is None:
        found.append(f"{topic} has no durable subscription {subscription}: a topic that nobody reads may be deleted")
    if state.retention_minutes == 0:
        found.append(f"{topic} keeps nothing that was read: an event cannot be read again")
    if not state.deduplicates:
        found.append(f"{topic} does not deduplicate: a relay that is killed delivers its last event twice")
    return found
