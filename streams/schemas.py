"""What producers may write and consumers will read: JSON Schemas and AsyncAPI, from the types.

Published schemas are closed (a field nobody knows is a mistake of the producer's), reading is
tolerant (`wire.decode` ignores such a field), so that both sides may move on their own.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec
import yaml

from coupons.claims import Claim, Permit
from coupons.denials import REPLIED
from coupons.leases import Ask, Grant
from coupons.orders import Order
from features.events import FAMILY_OF, Family
from features.session_record import Session
from online_models.outcomes import Outcome
from streams import wire
from streams.dead_letters import headers_schema
from streams.decisions import SCHEMA_VERSION, Decision
from streams.native import ASKED, FIELDS, NEEDS, NativeEvent
from streams.replies import REPLY_VERSION, Reply
from streams.settings import Settings
from streams.stocking import StockLevel
from streams.topics import EVENTS, TopicSpec, inbound_name, specs

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_VERSION = "3.0.0"
KAFKA_BINDING_VERSION = "0.5.0"
_REQUIRED = ("event_id", "event_type", "user_id", "occurred_at")


def _closed(schema: Schema, name: str, title: str) -> Schema:
    """Close every object that names its fields, and give the schema its dialect and name."""
    definitions = schema.get("$defs", {})
    if "$ref" in schema:
        schema = {**definitions.pop(schema["$ref"].rsplit("/", 1)[-1]), "$defs": definitions}
    for part in (schema, *definitions.values()):
        if "properties" in part:
            part["additionalProperties"] = False
    if not definitions:
        schema.pop("$defs", None)
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema, "title": title}


def _types(family: Family) -> list[str]:
    return [name for name, belongs in FAMILY_OF.items() if belongs == family]


def _needs(event_type: str, groups: tuple[tuple[str, ...], ...]) -> Schema:
    condition = {"properties": {"event_type": {"const": event_type}}}
    wanted = [{"anyOf": [_given(name) for name in group]} for group in groups]
    return {"if": condition, "then": {"allOf": wanted}}


def _given(name: str) -> Schema:
    if name == "items":
        return {"required": [name], "properties": {name: {"minItems": 1}}}
    return {"required": [name]}


def _without_null(properties: Schema) -> Schema:
    """Ask producers to leave out what they do not know; reading takes a null for the same."""
    return {
        name: next((choice for choice in part["anyOf"] if choice != {"type": "null"}), part)
        if "anyOf" in part
        else part
        for name, part in properties.items()
    }


def inbound(family: Family) -> Schema:
    """Give the schema of the native events of one topic.

    Examples
    --------
    >>> inbound("heartbeats")["properties"]["event_type"]
    {'enum': ['heartbeat']}
    """
    name = inbound_name(family)
    schema = _closed(msgspec.json.schema(NativeEvent), name, f"Events of {name}")
    for part in (schema, *schema["$defs"].values()):
        part["properties"] = _without_null(part["properties"])
    fields = (*FIELDS[family], *(ASKED if family == "coupon" else ()))
    schema["properties"] = {field: schema["properties"][field] for field in fields}
    schema["properties"]["event_type"] = {"enum": _types(family)}
    beats = family == "heartbeats"
    schema["required"] = ["event_type", "occurred_at"] if beats else list(_REQUIRED)
    schema["description"] = f"Native JSON; the message's key is {'free' if beats else 'user_id'}."
    needs = [_needs(event, groups) for event, groups in NEEDS.items() if FAMILY_OF[event] == family]
    if needs:
        schema["allOf"] = needs
    definitions, used = schema.pop("$defs", {}), wire.to_json(schema["properties"])
    kept = {key: part for key, part in definitions.items() if f"#/$defs/{key}" in used}
    return {**schema, "$defs": kept} if kept else schema


def _record(of: type, name: str, title: str, whole: bool = False) -> Schema:
    """Describe a record; of a `whole` one every field is always written, so none is asked for."""
    schema = _closed(msgspec.json.schema(of), name, title)
    return {**schema, "required": list(schema["properties"])} if whole else schema


def _stock() -> Schema:
    schema = _record(StockLevel, "shop.stock.v1", "What is left of a product")
    return {**schema, "properties": _without_null(schema["properties"])}


def _reply() -> Schema:
    title = f"An answer to the shop, version {REPLY_VERSION}"
    schema = _record(Reply, "coupon.reply.v1", title, whole=True)
    reasons = [{"enum": sorted(REPLIED)}, {"type": "null"}]
    schema["properties"]["reason"] = {"anyOf": reasons, "default": None}
    return schema


def _dead_letter() -> Schema:
    """Describe the headers; the key, the value and all other headers are the refused message's."""
    return {"$schema": DIALECT, "$id": "coupon.dead-letter.v1.schema.json", **headers_schema()}


SCHEMAS: dict[str, Callable[[], Schema]] = {
    **{inbound_name(family): partial(inbound, family) for family in EVENTS},
    "shop.stock.v1": _stock,
    "coupon.decision.v1": partial(
        _record, Decision, "coupon.decision.v1", f"A decision, version {SCHEMA_VERSION}", whole=True
    ),
    "coupon.reply.v1": _reply,
    "coupon.outcome.v1": partial(_record, Outcome, "coupon.outcome.v1", "A step in a label's life"),
    "coupon.session.v1": partial(_record, Session, "coupon.session.v1", "A session that is over"),
    "coupon.ask.v1": partial(_record, Ask, "coupon.ask.v1", "What a partition asks the ledger"),
    "coupon.claim.v1": partial(
        _record, Claim, "coupon.claim.v1", "What a partition claims for a customer"
    ),
    "coupon.order.v1": partial(_record, Order, "coupon.order.v1", "What people order of a ledger"),
    "coupon.grant.v1": partial(_record, Grant, "coupon.grant.v1", "What the ledger grants"),
    "coupon.permit.v1": partial(_record, Permit, "coupon.permit.v1", "The answer to a claim"),
    "coupon.dead-letter.v1": _dead_letter,
}
_TOLD = ("decision", "outcome", "session", "grant", "dead-letter")
_MESSAGE_OF = {f"coupon.{name}s.v1": f"coupon.{name}.v1" for name in _TOLD}
_MESSAGE_OF |= {"coupon.budget.v1": "coupon.ask.v1", "coupon.replies.v1": "coupon.reply.v1"}
# What else is said on a topic.
_BESIDES = {
    "coupon.budget.v1": ("coupon.claim.v1", "coupon.order.v1"),
    "coupon.grants.v1": ("coupon.permit.v1",),
}


def _channel(spec: TopicSpec, names: Iterable[str]) -> Schema:
    policy: Schema = {"cleanup.policy": [spec.cleanup]}
    if spec.retention_ms is not None:
        policy["retention.ms"] = spec.retention_ms
    return {
        "address": spec.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": spec.name,
                "partitions": spec.partitions,
                "topicConfiguration": policy,
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
    }


def _message(name: str, key: str) -> Schema:
    schema = {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": {"$ref": f"./{name}.schema.json"},
    }
    message: Schema = {
        "name": name,
        "contentType": "application/json",
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": key},
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
    }
    if name == "coupon.dead-letter.v1":
        return {**message, "contentType": "application/octet-stream", "headers": schema}
    return {**message, "payload": schema}


def asyncapi() -> Schema:
    """Give the AsyncAPI document of what is read and written, with the default settings."""
    defaults = Settings.model_construct()
    channels: Schema = {}
    messages: Schema = {}
    operations: Schema = {}
    for spec in specs(defaults):
        message = _MESSAGE_OF.get(spec.name, spec.name)
        if message not in SCHEMAS:
            continue  # the product's own topics are not for others to read or write
        names = [message, *_BESIDES.get(spec.name, ())]
        channels[spec.name] = _channel(spec, names)
        messages |= {name: _message(name, spec.key) for name in names}
        action = "send" if spec.name in _MESSAGE_OF else "receive"
        channel = {"$ref": f"#/channels/{spec.name}"}
        operations[f"{action} {spec.name}"] = {"action": action, "channel": channel}
        if action == "receive":
            group = {"type": "string", "enum": [defaults.app_id]}
            kafka = {"groupId": group, "bindingVersion": KAFKA_BINDING_VERSION}
            operations[f"receive {spec.name}"]["bindings"] = {"kafka": kafka}
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Coupon Stream",
            "version": "1.0.0",
            "description": "Shop events in; decisions, replies, outcomes, sessions and dead letters"
            " out. Segment, GA4, Snowplow and CloudEvents envelopes are read as well as the native"
            " one shown here.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def documents() -> dict[str, str]:
    """Give every document by its file name, as it is kept under `docs/messages`."""
    found = {
        f"{name}.schema.json": wire.to_json(make(), pretty=True) + "\n"
        for name, make in SCHEMAS.items()
    }
    found["asyncapi.yaml"] = yaml.safe_dump(
        asyncapi(), sort_keys=False, width=100, allow_unicode=True
    )
    return found
