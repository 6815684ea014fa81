"""Draws docs/call-path.svg, the picture in the README."""

from __future__ import annotations

from pathlib import Path

BOXES = [  # x, y, width, title, lines
    (20, 40, 150, "Lead file", ["CSV, XLSX", "rows refused", "with a reason"]),
    (210, 40, 150, "Hopper", ["screened: hours,", "do-not-call,", "limits, zone"]),
    (400, 40, 150, "Pacing", ["how many lines", "now, under the", "abandon limit"]),
    (590, 40, 150, "Asterisk", ["originate with", "our channel id"]),
    (780, 40, 150, "Carrier", ["busy, no answer,", "machine, person"]),
    (590, 220, 150, "Bridge", ["person answers:", "bridged within", "10 ms"]),
    (780, 220, 150, "Operator", ["parked leg,", "script, result"]),
    (400, 220, 150, "Call record", ["legs, cause,", "stereo recording"]),
    (210, 220, 150, "Rules", ["trigger, if,", "then: data"]),
    (20, 220, 150, "CRM", ["deals, tasks,", "leads retried"]),
]
ARROWS = [(170, 90, 210, 90), (360, 90, 400, 90), (550, 90, 590, 90), (740, 90, 780, 90), (855, 140, 690, 220),
          (780, 270, 740, 270), (590, 270, 550, 270), (400, 270, 360, 270), (210, 270, 170, 270)]  # fmt: skip


def svg() -> str:
    """The picture as SVG text."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 950 340" font-family="system-ui, sans-serif">',
        "<title>The path of a call: from a lead file to a bridged operator and into the CRM</title>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#4a6785"/></marker></defs><rect width="950" height="340" fill="#fff"/>',
    ]
    for x1, y1, x2, y2 in ARROWS:
        parts.append(f'<path d="M{x1} {y1} {x2} {y2}" stroke="#4a6785" stroke-width="2" marker-end="url(#a)"/>')
    for x, y, width, title, lines in BOXES:
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="100" rx="8" fill="#eef3f8" stroke="#4a6785"/>')
        middle = x + width / 2
        parts.append(
            f'<text x="{middle}" y="{y + 26}" text-anchor="middle" font-size="16" font-weight="600">{title}</text>'
        )
        for number, line in enumerate(lines):
            parts.append(
                f'<text x="{middle}" y="{y + 48 + 18 * number}" '
                f'text-anchor="middle" font-size="13" fill="#333">{line}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("call-path.svg").write_text(svg())
