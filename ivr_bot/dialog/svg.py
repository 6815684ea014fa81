"""A script as an SVG picture: nodes in rows by their distance from the start. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from xml.sax.saxutils import escape

from ivr_bot.dialog.drawing import drawn_nodes, told
from ivr_bot.dialog.script import BACK, AnyNode, Ask, Branch, End, Script, TransferTo, ways

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 230, 62, 40, 70, 30
_LINE = 34  # letters that fit into a box
_FILL = {"ask": "#dbeafe", "branch": "#fef3c7", "end": "#fee2e2", "other": "#f1f5f9"}
#: Letters stay readable where an arrow runs behind them.
_HALO = 'paint-order="stroke" stroke="#ffffff" stroke-width="3"'
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
    'font-family="sans-serif" font-size="11"><title>{title}</title><defs><marker id="tip" markerWidth="8" '
    'markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0 0L8 4L0 8z" fill="#475569"/></marker></defs>'
)


def svg(script: Script) -> str:
    """The same nodes and ways as the Mermaid chart, self-contained. A box knows the line of its node (0: shipped)."""
    nodes = {node.name: node for node in drawn_nodes(script)}
    places = _places(script, nodes)
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    lines = [_HEAD.format(width=width, height=height, title=escape(script.title))]
    for name, node in nodes.items():
        for target, labels in _labels(node).items():
            if target in places:
                lines.append(_arrow(places[name], places[target], labels))
    lines += [_box(node, *places[name], script.languages[0]) for name, node in nodes.items()]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _labels(node: AnyNode) -> dict[str, str]:
    """One arrow per target, with everything that leads there."""
    found: dict[str, list[str]] = {}
    for label, target in ways(node):
        found.setdefault(target, []).append("" if label == "next" else label)
    return {target: ", ".join(filter(None, labels)) for target, labels in found.items()}


def _places(script: Script, nodes: Mapping[str, AnyNode]) -> dict[str, tuple[int, int]]:
    """The upper left corner of each box; a row holds the nodes that are equally far from the start."""
    rows: list[list[str]] = []
    placed: set[str] = set()
    entries = [script.start, *(target for target in script.at_any_time.values() if not target.startswith("any."))]
    row = [name for name in dict.fromkeys(entries) if name in nodes]
    while row:
        rows.append(row)
        placed.update(row)
        following = (target for name in row for _, target in ways(nodes[name]))
        row = [name for name in dict.fromkeys(following) if name in nodes and name not in placed]
    return {
        name: (_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + level * (_HEIGHT + _GAP_Y))
        for level, names in enumerate(rows)
        for column, name in enumerate(names)
    }


def _arrow(start: tuple[int, int], end: tuple[int, int], label: str) -> str:
    x, y = start[0] + _WIDTH // 2, start[1] + _HEIGHT
    to_x, to_y = end[0] + _WIDTH // 2, end[1]
    if end[1] <= start[1]:  # back up, or across: out at the side, so that it does not run through boxes
        x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
        to_x, to_y = end[0] + _WIDTH, end[1] + _HEIGHT // 2
        bend = max(x, to_x) + _GAP_X // 2
        path = f"M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}"
    else:
        path = f"M{x} {y}C{x} {y + 35} {to_x} {to_y - 35} {to_x} {to_y}"
    at_x, at_y = (2 * x + to_x) // 3 + 4, (2 * y + to_y) // 3
    text = f'<text x="{at_x}" y="{at_y}" fill="#475569" {_HALO}>{escape(label)}</text>'
    line = f'<path d="{path}" fill="none" stroke="#475569" marker-end="url(#tip)"/>'
    return line + (text if label else "")


def _box(node: AnyNode, x: int, y: int, language: str) -> str:
    said = told(node, language)
    back = " ↩" if any(target == BACK for _, target in ways(node)) else ""
    fill = _FILL[_look(node)]
    texts = wrap(said, _LINE, max_lines=2, placeholder=" …")
    spans = "".join(
        f'<text x="{x + 8}" y="{y + 34 + 14 * row}">{escape(text)}</text>' for row, text in enumerate(texts) if text
    )
    return (
        f'<g data-node="{escape(node.name)}" data-line="{0 if node.name.startswith("any.") else node.line}">'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" stroke="#475569"/>'
        f'<text x="{x + 8}" y="{y + 17}" font-weight="bold">{escape(node.name)}{back}</text>{spans}</g>'
    )


def _look(node: AnyNode) -> str:
    match node:
        case Ask():
            return "ask"
        case Branch():
            return "branch"
        case End() | TransferTo():
            return "end"
        case _:
            return "other"
