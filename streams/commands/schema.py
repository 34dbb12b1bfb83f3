"""`coupon-stream schema`: what producers may write and consumers will read, for their own tools."""

from pathlib import Path

import click

from streams.schemas import documents


@click.command()
@click.argument("name", required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write into this folder instead of printing; it is made where it is absent.",
)
def schema(name: str | None, out: Path | None) -> None:
    """Print the schema NAME, or the names of all schemas.

    \b
    Examples:
      coupon-stream schema
      coupon-stream schema shop.cart.v1
      coupon-stream schema asyncapi
      coupon-stream schema --out docs/messages
    """
    known = documents()
    titles = {file.removesuffix(".schema.json").removesuffix(".yaml"): file for file in known}
    if name is not None and name not in titles:
        message = f"must be one of {', '.join(titles)}, was {name!r}"
        raise click.BadParameter(message, param_hint="NAME")
    if out is None:
        click.echo(known[titles[name]] if name else "\n".join(titles), nl=name is None)
        return
    chosen = [titles[name]] if name else list(known)
    out.mkdir(parents=True, exist_ok=True)
    for file in chosen:
        (out / file).write_text(known[file], encoding="utf-8")
    click.echo(f"{out}: {len(chosen)} files written")
