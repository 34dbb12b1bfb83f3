"""Reads Snowplow's ecommerce actions: enriched, self-describing or flat."""

from collections.abc import Mapping
from typing import Any

from streams import aliases
from streams.paths import Fields, add_items, add_money, from_micros, pick_all
from streams.refusals import refuse

Body = Mapping[str, Any]

_SNOWPLOW = "snowplow_ecommerce_action"
_UNSTRUCT = "unstruct_event_com_snowplowanalytics_"
_CONTEXTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_"
_ENTITIES = ("product", "cart", "transaction", "refund", "promotion", "checkout_step", "user")


def is_snowplow(body: Body) -> bool:
    """Tell a Snowplow event by its name, its schema or its unstructured part."""
    if body.get("event_name") in (_SNOWPLOW, "site_search"):
        return "params" not in body
    schema = body.get("schema")
    if isinstance(schema, str) and schema.startswith("iglu:com.snowplowanalytics."):
        return True
    return any(name.startswith(_UNSTRUCT) for name in body)


def read_snowplow(body: Body) -> Fields:
    """Give an action with its entities in native field names.

    Raises
    ------
    MalformedEvent
        `unknown_event_type`, or what is wrong with an amount or a time.
    """
    action = _snowplow_action(body)
    kind = action.get("type")
    event_type = aliases.SNOWPLOW_EVENTS.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        refuse("unknown_event_type", "type must be a Snowplow ecommerce action")
    content = {**body, **_snowplow_entities(body), "action": action}
    fields = {"event_type": event_type, **pick_all(content, aliases.SNOWPLOW_FIELDS)}
    for name in aliases.SNOWPLOW_TIMES:
        if body.get(name) is not None:
            fields["occurred_at"] = _snowplow_time(body[name])
            break
    terms = fields.get("query")
    if isinstance(terms, list):
        fields["query"] = " ".join(term for term in terms if isinstance(term, str)) or None
    add_money(fields, content, aliases.SNOWPLOW_MONEY)
    add_items(fields)
    return fields


def _snowplow_action(body: Body) -> Fields:
    for name, content in body.items():
        if name.startswith(_UNSTRUCT) and isinstance(content, dict):
            return {"type": "site_search", **content} if "site_search" in name else content
    schema, content = str(body.get("schema", "")), body.get("data")
    if schema and isinstance(content, dict):
        return {"type": "site_search", **content} if "/site_search/" in schema else content
    kind = body.get("type") or (body["event_name"] if body.get("event_name") != _SNOWPLOW else None)
    return {**body, "type": kind}


def _snowplow_entities(body: Body) -> Fields:
    """Gather entities by their short names: products as a list, of others the first."""
    found: dict[str, list[Any]] = {}
    for name, content in body.items():
        if name.startswith(_CONTEXTS):
            found.setdefault(name.removeprefix(_CONTEXTS).rsplit("_", 1)[0], []).extend(
                content if isinstance(content, list) else [content]
            )
    for entity in _self_described(body):
        parts = str(entity.get("schema", "")).split("/")
        if len(parts) > 1:
            found.setdefault(parts[1], []).append(entity.get("data"))
    for name in _ENTITIES:
        for spelled in (name, f"{name}s"):
            if body.get(spelled) is not None:
                plain = body[spelled]
                found.setdefault(name, []).extend(plain if isinstance(plain, list) else [plain])
    return {
        name: found[name] if name == "product" else found[name][0]
        for name in _ENTITIES
        if found.get(name)
    }


def _self_described(body: Body) -> list[Fields]:
    for name in ("entities", "contexts", "context", "co"):
        content = body.get(name)
        if isinstance(content, dict):
            content = content.get("data")
        if isinstance(content, list):
            return [entity for entity in content if isinstance(entity, dict)]
    return []


def _snowplow_time(stamp: object) -> object:
    """Enriched events write UTC without saying so, with a space or a T."""
    if not isinstance(stamp, str):
        refuse("bad_timestamp", "the time must be a string")
    if stamp.isdecimal() and len(stamp) <= 16:
        return from_micros(int(stamp) * 1_000)
    zoned = stamp.endswith("Z") or "+" in stamp[10:] or "-" in stamp[10:]
    return stamp if zoned else f"{stamp}Z"
