# SPDX-License-Identifier: MIT
"""Which public names of the headers docs/api.md leaves out.

A public name is one that is declared in namespace flowviz, or in the public part of a class there, by a header outside of
`cells/` and `encode/`; and a macro of those headers. Each has to stand in code on the page, before the heading
`NOT_PROMISED`. What stands below it is no promise: a name, or with all that is in it a class or a namespace.

This reads declarations as the headers here are written and is no parser of C++. What it does not understand it takes for a
name that the page lacks, or for the body of a function.
"""

import re

NOT_PROMISED = "## Not promised"

TYPE = re.compile(r"\b(?:class|struct|union|enum class|enum)\s+(?:[A-Z_]+ )?(\w[\w:]*)(?:<.*>)?\s*(?:final\b)?\s*(?::[^:].*)?$", re.S)
LITERAL = r'R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-f])\'(?:\\.|[^\'\\\n])\''


def without_comments(text):
    """The code without comments, and with nothing in its literals."""
    kept = lambda found: "" if found[0].startswith("/") else '""'
    return re.sub(rf"//[^\n]*|/\*.*?\*/|{LITERAL}", kept, text, flags=re.S)


def after_bracket(text, opening, closing):
    """What follows the bracket that is opened first."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == opening) - (character == closing)
        if character == closing and depth == 0:
            return text[at + 1 :]
    return ""


def bare(head):
    """A declaration without access, attributes, template parameters and the clause that constrains them."""
    head = re.sub(r"\[\[.*?\]\]|\b(?:public|private|protected)\s*:(?!:)", " ", head, flags=re.S).strip()
    while head.startswith("template"):
        head = after_bracket(head, "<", ">").strip()
    if re.match(r"requires\s*\(", head):
        head = after_bracket(head, "(", ")").strip()
    if re.match(r"explicit\s*\(", head):
        head = after_bracket(head, "(", ")").strip()
    return head


def declared(head):
    """The name that a bare declaration gives, or None if it gives none of its own."""
    if not head or head.startswith(("friend", "static_assert", "using namespace", "extern", "#")):
        return None
    if head.startswith(","):
        return None  # the rest of a constructor's list of members, behind one that was given braces
    if re.match(r"(?:using|concept)\b", head):
        alias = re.match(r"\w+\s+(\w+)\s*=", head)
        return alias and alias[1]
    if (kind := TYPE.search(head)) and "(" not in head[: kind.start(1)]:
        return kind[1]
    if re.search(r"\boperator\b|~", head) or re.match(r"[^=(]*\w+(?:<[^()]*>)?::\w+\s*\(", head):
        return None  # an operator or destructor, or the definition of a member that was declared before
    if function := re.match(r"[^=]*?(\w+)\s*\(", head):
        return function[1]
    variable = re.search(r"\s(\w+)\s*(?:<[^=]*>)?\s*(?:\[[^\]]*\])?\s*(?:=.*)?$", head, re.S)
    return variable and variable[1]


def declarations(text):
    """(scopes, name) of what a header declares in public; `scopes` are the names of the namespaces and classes around it."""
    text = without_comments(text)
    for macro in re.findall(r"^#define (\w+)", text, re.M):
        if f"#undef {macro}" not in text:
            yield (), macro
    text = re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.M)
    text = text.replace("FLOWVIZ_METRICS_BEGIN", "namespace flowviz {").replace("FLOWVIZ_METRICS_END", "}")
    stack = [["namespace", "", True]]  # of [kind, name, whether what comes next is public]
    head, depth = "", 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth or character not in "{};":
            head += character
            continue
        inside = stack[-1]
        for access in re.findall(r"\b(public|private|protected)\s*:(?!:)", head) if inside[0] == "class" else ():
            inside[2] = access == "public"
        visible = all(scope[2] for scope in stack)
        scopes = tuple(scope[1] for scope in stack[1:] if scope[1] != "flowviz")
        namespace = re.search(r"\bnamespace\s+(\w+)\s*$", head)
        name = None if namespace else declared(bare(head))
        if visible and inside[0] == "enum":
            for enumerator in re.findall(r"(?:^|,)\s*(\w+)", head):
                yield scopes, enumerator
        elif visible and name and len(stack) > 1 and name != inside[1].split("::")[-1]:
            *outside, own = name.split("::")  # `class HttpServer::Route` defines what was declared inside
            yield (*scopes, *outside), own
        if character == "{":
            kind = TYPE.search(bare(head))
            if namespace:
                stack.append(["namespace", namespace[1], True])
            elif kind and name == kind[1]:
                is_enum = bare(head).startswith("enum")
                stack.append(["enum" if is_enum else "class", name, not bare(head).startswith("class")])
            else:
                stack.append(["body", "", False])
        elif character == "}" and len(stack) > 1:
            stack.pop()
        head = ""


def missing(headers, page):
    """What `page` leaves out of the names that `headers`, from their paths to their texts, declare."""
    code_of = lambda text: " ".join(re.findall(r"```.*?```|`[^`]+`", text, re.S))
    promised, _, rest = page.partition(NOT_PROMISED)
    known = set(re.findall(r"\w+", code_of(promised)))
    no_promise = set(re.findall(r"[\w:]+", code_of(rest)))
    left_out = []
    for path, text in headers.items():
        for scopes, name in declarations(text):
            full = "::".join((*scopes, name))
            parts = full.split("::")
            if name not in known and no_promise.isdisjoint("::".join(parts[: i + 1]) for i in range(len(parts))):
                left_out.append(f"{path}: {full}")
    return list(dict.fromkeys(left_out))
