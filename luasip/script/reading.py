"""What a Lua source file does as far as the checker cares: calls into KSR, globals set, files required.

Follows blocks and local names through the tokens, no expressions. A file with a syntax error gives what was
found before it got lost. Pure text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from luasip.script.tokens import END, KEYWORD, NAME, STRING, Token, tokenize

ROOTS = ("KSR", "luasip")


@dataclass(frozen=True, slots=True)
class Call:
    """A call `table.function(…)`, where table is "KSR", "KSR.tm", "luasip.http" …"""

    table: str
    function: str
    line: int
    arguments: int
    """How many are written."""
    open_ended: bool
    """The last one is a call or "...", which may stand for any number."""
    literals: dict[int, str]
    """The arguments, by position from 0, that are nothing but a string."""


@dataclass(slots=True)
class Reading:
    """What was found in one file."""

    calls: list[Call] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)
    """"KSR.tm" or "KSR.tm.t_relay" where it is looked at without a call, as in `if KSR.tm then`."""
    functions: set[str] = field(default_factory=set)
    """Global functions."""
    globals_in_functions: list[tuple[str, int]] = field(default_factory=list)
    """Names assigned inside a function that are no locals there, and the line."""
    required: set[str] = field(default_factory=set)


@lru_cache(maxsize=64)
def read(text: str) -> Reading:
    """Read one file. Kept, because a reload mostly finds files that have not changed; not to be changed."""
    return _Reader(tokenize(text)).run()


@dataclass(slots=True)
class _Scope:
    """A block or a bracket that is open."""

    kind: str
    """"function", "block", or the bracket."""
    names: dict[str, str] = field(default_factory=dict)
    """Local name → the KSR table it stands for, "" for any other value."""


def _ends_expression(token: Token) -> bool:
    """Whether a value is complete before `token`."""
    if token.kind == KEYWORD:
        return token.text not in ("and", "or")
    return token.kind in (NAME, END) or (token.kind != STRING and token.text == ";")


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.reading = Reading()
        self.scopes = [_Scope("block")]
        self.functions = 0
        self.loop_names: list[tuple[int, list[str]]] = []
        """Names of a `for` whose `do` has not come yet, with the number of open scopes."""

    def run(self) -> Reading:
        while self.tokens[self.at].kind != END:
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == KEYWORD:
                self._keyword(token)
            elif token.kind == NAME:
                self._name(token)
            elif token.kind == STRING:
                continue
            elif token.text in ("(", "[", "{"):
                self.scopes.append(_Scope(token.text))
            elif token.text in (")", "]", "}"):
                self._close()
            elif token.text == "=" and self.scopes[-1].kind in ("block", "function"):
                self._assignment(self.at - 1)
        return self.reading

    def _keyword(self, token: Token) -> None:
        word = token.text
        if word == "function":
            self._function()
        elif word == "local":
            self._local()
        elif word == "for":
            self.loop_names.append((len(self.scopes), self._names()))
        elif word == "do":
            names = {}
            if self.loop_names and self.loop_names[-1][0] == len(self.scopes):
                names = dict.fromkeys(self.loop_names.pop()[1], "")
            self.scopes.append(_Scope("block", names))
        elif word in ("then", "repeat"):
            self.scopes.append(_Scope("block"))
        elif word in ("end", "until", "elseif"):
            self._close()
        elif word == "else":
            self._close()
            self.scopes.append(_Scope("block"))

    def _close(self) -> None:
        if len(self.scopes) > 1 and self.scopes.pop().kind == "function":
            self.functions -= 1

    def _names(self) -> list[str]:
        """A list of names with attributes, from here on: a, b <const>."""
        names = []
        while self._peek().kind == NAME:
            names.append(self._next().text)
            if self._peek().text == "<":
                self.at = min(self.at + 3, len(self.tokens) - 1)
            if self._peek().text != ",":
                break
            self.at += 1
        return names

    def _function(self) -> None:
        """After `function`: its name if it has one, and its parameters."""
        path = []
        method = False
        while self._peek().kind == NAME or self._peek().text in (".", ":"):
            token = self._next()
            method = method or token.text == ":"
            path.append(token)
        if len(path) == 1:
            self._assigned(path[0].text, path[0].line)
            if not self._is_local(path[0].text):
                self.reading.functions.add(path[0].text)
        parameters = {"self": ""} if method else {}
        if self._peek().text == "(":
            self.at += 1
            parameters |= dict.fromkeys(self._names(), "")
            while self._peek().text == "..." or self._peek().text == ")":
                if self._next().text == ")":
                    break
        self.scopes.append(_Scope("function", parameters))
        self.functions += 1

    def _local(self) -> None:
        scope = self.scopes[-1].names
        if self._peek().text == "function":
            scope[self.tokens[min(self.at + 1, len(self.tokens) - 1)].text] = ""
            return
        names = self._names()
        alias = self._alias() if len(names) == 1 and self._peek().text == "=" else ""
        for name in names:
            scope[name] = alias
        if alias:
            self.at += 2 + 2 * alias.count(".")
        elif self._peek().text == "=":
            self.at += 1

    def _alias(self) -> str:
        """After `local name`: "KSR.tm" when it goes on `= KSR.tm` and nothing more."""
        following = self.tokens[self.at + 1 : self.at + 5]
        words = [token.text for token in following]
        if words and words[0] in ROOTS and not self._is_local(words[0]):
            length = 3 if words[1:2] == ["."] else 1
            if len(following) > length and _ends_expression(following[length]):
                return ".".join(words[0:length:2])
        return ""

    def _assignment(self, equals: int) -> None:
        """At `=`: walk back over the targets a, b.c, d = …"""
        at = equals - 1
        while at >= 0 and self.tokens[at].kind == NAME:
            before = self.tokens[at - 1].text if at else ""
            if before in (".", ":", "local", "for"):
                return
            self._assigned(self.tokens[at].text, self.tokens[at].line)
            if self._assigns_function(equals) and at == equals - 1:
                self.reading.functions.add(self.tokens[at].text)
            if before != ",":
                return
            at -= 2

    def _assigns_function(self, equals: int) -> bool:
        return self.tokens[equals + 1].text == "function" and not self.functions

    def _assigned(self, name: str, line: int) -> None:
        if self.functions and not self._is_local(name):
            self.reading.globals_in_functions.append((name, line))

    def _is_local(self, name: str) -> bool:
        return any(name in scope.names for scope in reversed(self.scopes))

    def _stands_for(self, name: str) -> str:
        for scope in reversed(self.scopes):
            if name in scope.names:
                return scope.names[name]
        return name if name in ROOTS else ""

    def _name(self, token: Token) -> None:
        before = self.tokens[self.at - 2].text if self.at > 1 else ""
        if before in (".", ":") and self.at > 2 and self.tokens[self.at - 2].kind != STRING:
            return
        if token.text == "require" and not self._is_local("require"):
            self._require()
        elif table := self._stands_for(token.text):
            self._reference(table, token)

    def _require(self) -> None:
        argument = self.tokens[self.at + (self._peek().text == "(" and self._peek().kind != STRING)]
        if argument.kind == STRING:
            self.reading.required.add(argument.text)

    def _reference(self, table: str, token: Token) -> None:
        """After "KSR" or a local that stands for it: .name.name( … )"""
        path = table.split(".")
        while self._is_dot(self.at) and self.tokens[self.at + 1].kind == NAME and len(path) < 3:
            path.append(self.tokens[self.at + 1].text)
            self.at += 2
        following = self._peek()
        if len(path) == 1:
            return
        if following.kind == STRING or following.text in ("(", "{"):
            arguments, open_ended, literals = self._arguments(self.at)
            self.reading.calls.append(
                Call(".".join(path[:-1]), path[-1], token.line, arguments, open_ended, literals)
            )
        elif not self._is_dot(self.at) and following.text not in (":", "=", "["):
            self.reading.mentioned.add(".".join(path))

    def _is_dot(self, at: int) -> bool:
        return self.tokens[at].text == "." and self.tokens[at].kind != STRING

    def _arguments(self, at: int) -> tuple[int, bool, dict[int, str]]:
        """Count the arguments of the call that opens at `at`, without moving on."""
        first = self.tokens[at]
        if first.kind == STRING:
            return 1, False, {0: first.text}
        if first.text == "{":
            return 1, False, {}
        starts, stop = self._argument_starts(at)
        if starts[0] == stop:
            return 0, False, {}
        literals = {
            i: self.tokens[start].text
            for i, (start, end) in enumerate(zip(starts, [*(s - 1 for s in starts[1:]), stop], strict=True))
            if end == start + 1 and self.tokens[start].kind == STRING
        }
        last = self.tokens[stop - 1]
        open_ended = self.tokens[stop].kind == END or (last.kind != STRING and last.text in (")", "..."))
        return len(starts), open_ended, literals

    def _argument_starts(self, at: int) -> tuple[list[int], int]:
        """Where each argument starts, and where the closing parenthesis is.

        Every call is scanned on its own, so nested calls cost their depth, which Lua limits to 200.
        """
        starts, depth, position = [at + 1], 0, at + 1
        while self.tokens[position].kind != END:
            token = self.tokens[position]
            if token.kind != STRING:
                if token.text in ("(", "{", "[", "function", "then", "do", "repeat"):
                    depth += 1
                elif token.text in ("}", "]", "end", "until", "elseif") or (token.text == ")" and depth):
                    depth -= 1
                elif token.text == ")":
                    break
                elif token.text == "," and not depth:
                    starts.append(position + 1)
            position += 1
        return starts, position

    def _peek(self) -> Token:
        return self.tokens[self.at]

    def _next(self) -> Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token
