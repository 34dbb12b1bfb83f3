"""`coupon-stream tail`: decisions on a terminal, as they are made."""

import asyncio

import click
from aiokafka import AIOKafkaConsumer

from streams import wire
from streams.commands.reaching import reaching
from streams.connection import client_options
from streams.options import pass_settings
from streams.reading import reader
from streams.sentences import sentence
from streams.settings import Settings


@click.command()
@click.option("--count", type=click.IntRange(min=1), help="End after so many; else with Ctrl-C.")
@click.option("--from-start", is_flag=True, help="Begin with the oldest there is, not the next.")
@click.option("--raw", is_flag=True, help="The records themselves, as NDJSON.")
@pass_settings
def tail(settings: Settings, count: int | None, from_start: bool, raw: bool) -> None:
    """Print each decision as it is made: its id, and a sentence.

    Only what is committed is shown. Nothing is changed, and no consumer group is joined.

    \b
    Examples:
      coupon-stream tail
      coupon-stream tail --from-start --count 10 --raw > ten.ndjson
    """
    try:
        with reaching(settings):
            asyncio.run(_follow(settings, count, from_start, raw))
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


async def _follow(settings: Settings, count: int | None, from_start: bool, raw: bool) -> None:
    topic = f"{settings.topic_prefix}coupon.decisions.v1"
    options = client_options(settings) | {"check_crcs": settings.kafka_check_crcs}
    async with reader(options, [topic]) as consumer:
        if not consumer.assignment():
            message = f"{topic} must be there, was missing; run: coupon-stream topics apply"
            raise click.ClickException(message)
        await (consumer.seek_to_beginning() if from_start else consumer.seek_to_end())
        await _print(consumer, count, raw)


async def _print(consumer: AIOKafkaConsumer, count: int | None, raw: bool) -> None:
    printed_count = 0
    while printed_count != count:
        wanted = None if count is None else count - printed_count
        fetched = await consumer.getmany(timeout_ms=500, max_records=wanted)
        for records in fetched.values():
            for record in records:
                click.echo(record.value if raw else _line(record.value))
                printed_count += 1


def _line(value: bytes) -> str:
    decision = wire.decode_decision(value)
    return f"{decision.decision_id}  {sentence(decision)}"
