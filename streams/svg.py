"""What all drawings share: a white sheet with grey words."""

from xml.sax.saxutils import escape

_STYLE = 'font-family="sans-serif" font-size="11" fill="#333"'


def sheet(drawn: str, width: int, height: int) -> str:
    """Put what was drawn on a sheet of so many pixels, as a whole SVG document."""
    size = f'width="{width}" height="{height}"'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_STYLE}>\n{paper}\n{drawn}\n</svg>\n'


def label(x: float, y: float, words: str, colour: str = "#333") -> str:
    """Write words around a place.

    Examples
    --------
    >>> label(1, 2, "a < b")
    '<text x="1" y="2" text-anchor="middle" fill="#333">a &lt; b</text>'
    """
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{colour}">{escape(words)}</text>'
