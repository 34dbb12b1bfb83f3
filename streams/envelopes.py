"""Reads foreign envelopes into native field names; what they hold is judged later, and only once.

The first match wins: CloudEvents by content type, CloudEvents by `ce_` headers, Segment, Snowplow,
GA4, native. Amounts of money, which others send as floats in major units, leave here as integers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from features.events import FAMILY_OF
from streams import aliases
from streams.native import FIELDS
from streams.paths import Fields, add_items, add_money, add_total, from_micros, pick_all
from streams.refusals import refuse
from streams.snowplow import is_snowplow, read_snowplow

Body = Mapping[str, Any]
Headers = Sequence[tuple[str, bytes | None]]
EnvelopeName = Literal["cloudevents", "segment", "snowplow", "ga4", "native"]


def read(body: Body, headers: Headers) -> tuple[EnvelopeName, Body]:
    """Name the envelope and give its content in native field names.

    Raises
    ------
    MalformedEvent
        `unknown_envelope`, `unknown_event_type`, or what is wrong with an amount or a time.

    Examples
    --------
    >>> read({"event_name": "search", "params": {"search_term": "tea"}, "user_id": "u"}, [])
    ('ga4', {'event_type': 'search.performed', 'user_id': 'u', 'query': 'tea'})
    """
    if headers:
        names = {name.lower(): value or b"" for name, value in headers}
        content_type = names.get("content-type", b"").lower()
        if content_type.startswith(b"application/cloudevents"):
            if content_type.startswith(b"application/cloudevents-batch"):
                refuse("unknown_envelope", "CloudEvents batches are not read")
            return "cloudevents", _read_cloudevent(body, body.get("data"))
        if "ce_specversion" in names:
            return "cloudevents", _read_cloudevent(_attributes(names), body)
    return _read_body(body)


def _read_body(body: Body, nested: bool = False) -> tuple[EnvelopeName, Body]:
    if "event_type" in body and "specversion" not in body and "type" not in body:
        return "native", body  # the most frequent by far
    if "specversion" in body and "data" in body and not nested:
        return "cloudevents", _read_cloudevent(body, body["data"])
    if body.get("type") in ("track", "identify"):
        return "segment", _of_family(_read_segment(body))
    if is_snowplow(body):
        return "snowplow", _of_family(read_snowplow(body))
    if "event_name" in body and any(name in body for name in ("params", "items", "event_params")):
        return "ga4", _of_family(_read_ga4(body))
    if "event_type" in body:
        return "native", body
    refuse("unknown_envelope")


def _of_family(fields: Fields) -> Fields:
    """Keep what the event's family has fields for, and say channel and device as we do."""
    kept = {
        name: fields[name] for name in FIELDS[FAMILY_OF[fields["event_type"]]] if name in fields
    }
    for name, known in (("channel", aliases.CHANNELS), ("device", aliases.DEVICES)):
        if isinstance(kept.get(name), str):
            said = kept[name].lower()
            kept[name] = known.get(said, said)
    return kept


# -- CloudEvents ---------------------------------------------------------------------------------


def _attributes(headers: Mapping[str, bytes]) -> Fields:
    try:
        return {
            name.removeprefix("ce_"): value.decode()
            for name, value in headers.items()
            if name.startswith("ce_")
        }
    except UnicodeDecodeError:
        refuse("not_utf8", "a ce_ header must be UTF-8")


def _read_cloudevent(attributes: Body, content: object) -> Body:
    if not isinstance(content, dict):
        refuse("unknown_envelope", "a CloudEvent's data must be a JSON object")
    event_type = str(attributes.get("type") or "").removesuffix(".v1")
    if "event_type" not in content and event_type in FAMILY_OF:
        content = {**content, "event_type": event_type}
    fields = dict(_read_body(content, nested=True)[1])
    for name, attribute in (("event_id", "id"), ("occurred_at", "time")):
        if attributes.get(attribute) is not None:
            fields[name] = attributes[attribute]
    if fields.get("user_id") is None and attributes.get("subject") is not None:
        fields["user_id"] = attributes["subject"]
    return fields


# -- Segment and RudderStack ---------------------------------------------------------------------


def _read_segment(body: Body) -> Fields:
    if body["type"] == "identify":
        fields = pick_all(body, aliases.SEGMENT_FIELDS)
        return {**fields, "event_type": "profile.updated", "basics": _segment_basics(body)}
    name = body.get("event")
    event_type = aliases.SEGMENT_EVENTS.get(name.lower()) if isinstance(name, str) else None
    if event_type is None:
        refuse("unknown_event_type", "event must be of Segment's ecommerce spec")
    fields = {"event_type": event_type, **pick_all(body, aliases.SEGMENT_FIELDS)}
    add_money(fields, body, aliases.SEGMENT_MONEY)
    if event_type.startswith("order.") and "total_minor" not in fields:
        add_total(fields, body, aliases.SEGMENT_GOODS, aliases.SEGMENT_TAX)
    if isinstance(fields.get("query"), dict):
        fields["query"] = _query_text(fields["query"])
    add_items(fields)
    return fields


def _segment_basics(body: Body) -> Fields:
    basics = pick_all(body, aliases.SEGMENT_BASICS)
    birthday = str(basics.pop("birthday", ""))
    year, month = birthday[:4], birthday[5:7]
    if year.isdecimal() and month.isdecimal() and birthday[4:5] == "-":
        basics.update(birth_year=int(year), birth_month=int(month))
    return basics


def _query_text(query: Mapping[str, Any]) -> str | None:
    """Segment's query may be an object: take what was typed, else every text in it."""
    for name in aliases.QUERY_KEYS:
        if isinstance(query.get(name), str):
            return cast(str, query[name])
    texts = [query[name] for name in sorted(query) if isinstance(query[name], str)]
    return " ".join(texts) or None


# -- GA4 -----------------------------------------------------------------------------------------


def _read_ga4(body: Body) -> Fields:
    name = body["event_name"]
    event_type = aliases.GA4_EVENTS.get(name) if isinstance(name, str) else None
    if event_type is None:
        refuse("unknown_event_type", "event_name must be a GA4 ecommerce event")
    if "params" not in body and isinstance(body.get("event_params"), list):
        body = {**body, "params": _ga4_params(body["event_params"])}
    fields = {"event_type": event_type, **pick_all(body, aliases.GA4_FIELDS)}
    for path in aliases.GA4_MICROS:
        if body.get(path) is not None:
            fields["occurred_at"] = from_micros(body[path])
            break
    add_money(fields, body, aliases.GA4_MONEY)
    if event_type.startswith("order."):
        add_total(fields, body, aliases.GA4_GOODS, aliases.GA4_TAX)
    add_items(fields)
    return fields


def _ga4_params(params: list[Any]) -> Fields:
    """Flatten the BigQuery export's list of typed values."""
    flat: Fields = {}
    for param in params:
        if isinstance(param, dict) and isinstance(param.get("key"), str):
            typed = param.get("value")
            given = typed.values() if isinstance(typed, dict) else ()
            flat[param["key"]] = next((value for value in given if value is not None), None)
    return flat
