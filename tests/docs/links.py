# SPDX-License-Identifier: MIT
"""Which links of a Markdown document lead nowhere: to a file that is not there, or to a heading that its page lacks.

Only what is in the repository is looked at; nothing is asked of the network.
"""

import re
import urllib.parse

LINK = re.compile(r"\]\(\s*<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def prose(text):
    """The document without its code and comments, where nothing is a link."""
    text = re.sub(r"^(\s*)(`{3,}|~{3,}).*?^\s*\2\s*$", "", text, flags=re.S | re.M)
    return re.sub(r"<!--.*?-->", "", text, flags=re.S)


def anchors(text):
    """What the headings of a document are called in addresses, as GitHub makes it of them."""
    found, seen = set(), {}
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", prose(text), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        times = seen[slug] = seen.get(slug, -1) + 1
        found.add(f"{slug}-{times}" if times else slug)
    return found | set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))


def dead(document, root):
    """The links of the file `document` that lead nowhere, as lines of text. What leaves `root` is no part of the repository."""
    problems = []
    code_free = re.sub(r"`[^`\n]*`", "``", prose(document.read_text(encoding="utf-8")))
    for target in LINK.findall(code_free):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue  # somebody else's
        path, _, anchor = urllib.parse.unquote(target).partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.is_relative_to(root.resolve()) or not file.exists():
            problems.append(f"{target}: there is no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
            problems.append(f"{target}: there is no such heading")
    return problems
