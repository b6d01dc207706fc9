# SPDX-License-Identifier: MIT
"""Which public names of the headers docs/api.md and its pages leave out.

A public name is one that is declared in namespace flowviz, or in the public part of a class there, by a header outside of
`cells/` and `encode/`; and a macro of those headers. Of each is asked:

- that the index, docs/api.md before the heading `NOT_PROMISED`, has it in code, on the line of a page that has it in code,
  too; of a member its class is enough;
- that a snippet which is compiled uses it: a member by `.`, `->` or `::` in a snippet that also names its class, be it in a
  comment. An enumerator may stand in any code.

What stands below `NOT_PROMISED` is no promise: a name, or with all that is in it a class or a namespace.

This reads declarations as the headers here are written and is no parser of C++. What it does not understand it takes for a
name that the pages lack, or for the body of a function.
"""

import collections
import re

NOT_PROMISED = "## Not promised"

TYPE = re.compile(r"\b(?:class|struct|union|enum class|enum)\s+(?:[A-Z_]+ )?(\w[\w:]*)(?:<.*>)?\s*(?:final\b)?\s*(?::[^:].*)?$", re.S)
LITERAL = r'R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-f])\'(?:\\.|[^\'\\\n])\''


# What is declared: the names of the namespaces and classes around it, its own, and what it is: free (in a namespace), a
# member (of the class that is the last scope), an enumerator (of the last scope) or a macro.
Name = collections.namedtuple("Name", "scopes name kind")


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
    """Each Name that a header declares in public."""
    text = without_comments(text)
    for macro in re.findall(r"^#define (\w+)", text, re.M):
        if f"#undef {macro}" not in text:
            yield Name((), macro, "macro")
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
                yield Name(scopes, enumerator, "enumerator")
        elif visible and name and len(stack) > 1 and name != inside[1].split("::")[-1]:
            *outside, own = name.split("::")  # `class HttpServer::Route` defines what was declared inside
            yield Name((*scopes, *outside), own, "member" if outside or inside[0] == "class" else "free")
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


def code_of(text):
    """All that a document has in code."""
    return " ".join(re.findall(r"```.*?```|`[^`]+`", text, re.S))


def words_of(code):
    return set(re.findall(r"\w+", code))


def promised_names(headers, index):
    """(path, Name) of what `headers`, from their paths to their texts, declare, without what the index does not promise."""
    no_promise = set(re.findall(r"[\w:]+", code_of(index.partition(NOT_PROMISED)[2])))
    found = {}
    for path, text in headers.items():
        for each in declarations(text):
            parts = "::".join((*each.scopes, each.name)).split("::")
            if no_promise.isdisjoint("::".join(parts[: i + 1]) for i in range(len(parts))):
                found.setdefault(each, path)
    return [(path, each) for each, path in found.items()]


def is_used(each, snippets):
    """Whether a snippet, (its text, its code without comments and literals), uses a name."""
    if each.kind != "member":
        return any(re.search(rf"\b{each.name}\b", code) for _, code in snippets)
    owner = each.scopes[-1].split("::")[-1]
    use = re.compile(rf"(?:\.|->|::)\s*(?:template )?{each.name}\b")
    define = re.compile(rf"\b(?:class|struct) [\w:]*\b{owner}\b.*\b{each.name}\b", re.S)  # a specialization
    names_owner = re.compile(rf"\b{owner}\b")
    return any(names_owner.search(text) and (use.search(code) or define.search(code)) for text, code in snippets)


def missing(headers, index, pages, snippets):
    """What is wrong: names that the index, its `pages` (from their names, as the index links to them, to their texts) or the
    compiled `snippets` leave out, and pages that lack what the index looks for there."""
    promised = index.partition(NOT_PROMISED)[0]
    anywhere = words_of(code_of("\n".join([promised, *pages.values(), *snippets])))
    indexed = set()
    problems = []
    for line in re.findall(r"^\|.*$", promised, re.M):
        listed = words_of(code_of(line))
        for page in re.findall(r"\]\(([^)]*)\)", line):
            indexed |= listed
            for name in sorted(listed - words_of(code_of(pages.get(page, "")))):
                problems.append(f"index: {name} is not in the code of {page}")
    compiled = [(text, without_comments(text)) for text in snippets]
    for path, each in promised_names(headers, index):
        full = "::".join((*each.scopes, each.name))
        if each.kind in ("free", "macro") and each.name not in indexed:
            problems.append(f"{path}: {full} is not in the index")
        if each.kind == "enumerator" and each.name not in anywhere:
            problems.append(f"{path}: {full} stands nowhere in code")
        if each.kind != "enumerator" and not is_used(each, compiled):
            where = f" that names {each.scopes[-1]}" if each.kind == "member" else ""
            problems.append(f"{path}: {full} is in no compiled snippet{where}")
    return problems
