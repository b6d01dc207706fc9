# SPDX-License-Identifier: MIT
"""The metrics as a table in Markdown, for people."""

SHOWN = 6  # values of a label; of more only the number


def label_text(name, values):
    if values is None:
        return f"`{name}`"
    if len(values) > SHOWN:
        return f"`{name}` ({len(values)} values)"
    return f"`{name}` ({', '.join(values)})"


def of(source):
    lines = ["| metric | type | labels | what |", "|---|---|---|---|"]
    for family in source.families:
        labels = ", ".join(label_text(name, values) for name, values in family.labels.items())
        text = family.help.replace("|", "\\|")
        lines.append(f"| `{family.name}` | {family.type} | {labels} | {text} |")
    return "\n".join(lines) + "\n"
