"""core predicates on the method. Replies are judged by the method in their CSeq."""

from typing import Final

from luasip.kemi.context import RouteContext
from luasip.kemi.current import method_of
from luasip.kemi.declare import Module, function

METHOD_LETTERS: Final = {
    "A": "ACK",
    "B": "BYE",
    "C": "CANCEL",
    "D": "DELETE",
    "E": "PRACK",
    "F": "REFER",
    "G": "GET",
    "I": "INVITE",
    "K": "KDMQ",
    "M": "MESSAGE",
    "N": "NOTIFY",
    "O": "OPTIONS",
    "P": "PUBLISH",
    "R": "REGISTER",
    "S": "SUBSCRIBE",
    "T": "POST",
    "U": "UPDATE",
    "V": "PUT",
}
"""What each letter of is_method_in stands for. INFO has none."""

LETTERS_OF: Final = {method: letter for letter, method in METHOD_LETTERS.items()}


class Methods(Module):
    """Predicates on the method."""

    @function()
    def is_method(self, ctx: RouteContext, vmethod: str) -> bool:
        """Compare the method with one name, ignoring case.

        Args:
            vmethod: a single method name.
        Returns: true when it is the method.
        """
        return method_of(ctx.message).upper() == vmethod.upper() != ""

    @function()
    def is_method_in(self, ctx: RouteContext, vmethod: str) -> bool:
        """Compare the method with a set of letters.

        A ACK, B BYE, C CANCEL, D DELETE, E PRACK, F REFER, G GET, I INVITE, K KDMQ, M MESSAGE, N NOTIFY,
        O OPTIONS, P PUBLISH, R REGISTER, S SUBSCRIBE, T POST, U UPDATE, V PUT; case does not matter.

        Args:
            vmethod: the letters, such as "IABC".
        Returns: true when one of them stands for the method.
        """
        method = method_of(ctx.message)
        letter = LETTERS_OF.get(method)
        return letter is not None and letter in vmethod.upper()

    @function()
    def is_ACK(self, ctx: RouteContext) -> bool:
        """Whether this is an ACK.

        Returns: true for an ACK or a reply to one.
        """
        return method_of(ctx.message) == "ACK"

    @function()
    def is_BYE(self, ctx: RouteContext) -> bool:
        """Whether this is a BYE.

        Returns: true for a BYE or a reply to one.
        """
        return method_of(ctx.message) == "BYE"

    @function()
    def is_CANCEL(self, ctx: RouteContext) -> bool:
        """Whether this is a CANCEL.

        Returns: true for a CANCEL or a reply to one.
        """
        return method_of(ctx.message) == "CANCEL"

    @function()
    def is_DELETE(self, ctx: RouteContext) -> bool:
        """Whether this is a DELETE.

        Returns: true for a DELETE or a reply to one.
        """
        return method_of(ctx.message) == "DELETE"

    @function()
    def is_GET(self, ctx: RouteContext) -> bool:
        """Whether this is a GET.

        Returns: true for a GET or a reply to one.
        """
        return method_of(ctx.message) == "GET"

    @function()
    def is_INFO(self, ctx: RouteContext) -> bool:
        """Whether this is an INFO.

        Returns: true for an INFO or a reply to one.
        """
        return method_of(ctx.message) == "INFO"

    @function()
    def is_INVITE(self, ctx: RouteContext) -> bool:
        """Whether this is an INVITE.

        Returns: true for an INVITE or a reply to one.
        """
        return method_of(ctx.message) == "INVITE"

    @function()
    def is_KDMQ(self, ctx: RouteContext) -> bool:
        """Whether this is a KDMQ.

        Returns: true for a KDMQ or a reply to one.
        """
        return method_of(ctx.message) == "KDMQ"

    @function()
    def is_MESSAGE(self, ctx: RouteContext) -> bool:
        """Whether this is a MESSAGE.

        Returns: true for a MESSAGE or a reply to one.
        """
        return method_of(ctx.message) == "MESSAGE"

    @function()
    def is_NOTIFY(self, ctx: RouteContext) -> bool:
        """Whether this is a NOTIFY.

        Returns: true for a NOTIFY or a reply to one.
        """
        return method_of(ctx.message) == "NOTIFY"

    @function()
    def is_OPTIONS(self, ctx: RouteContext) -> bool:
        """Whether this is an OPTIONS.

        Returns: true for an OPTIONS or a reply to one.
        """
        return method_of(ctx.message) == "OPTIONS"

    @function()
    def is_POST(self, ctx: RouteContext) -> bool:
        """Whether this is a POST.

        Returns: true for a POST or a reply to one.
        """
        return method_of(ctx.message) == "POST"

    @function()
    def is_PRACK(self, ctx: RouteContext) -> bool:
        """Whether this is a PRACK.

        Returns: true for a PRACK or a reply to one.
        """
        return method_of(ctx.message) == "PRACK"

    @function()
    def is_PUBLISH(self, ctx: RouteContext) -> bool:
        """Whether this is a PUBLISH.

        Returns: true for a PUBLISH or a reply to one.
        """
        return method_of(ctx.message) == "PUBLISH"

    @function()
    def is_PUT(self, ctx: RouteContext) -> bool:
        """Whether this is a PUT.

        Returns: true for a PUT or a reply to one.
        """
        return method_of(ctx.message) == "PUT"

    @function()
    def is_REFER(self, ctx: RouteContext) -> bool:
        """Whether this is a REFER.

        Returns: true for a REFER or a reply to one.
        """
        return method_of(ctx.message) == "REFER"

    @function()
    def is_REGISTER(self, ctx: RouteContext) -> bool:
        """Whether this is a REGISTER.

        Returns: true for a REGISTER or a reply to one.
        """
        return method_of(ctx.message) == "REGISTER"

    @function()
    def is_SUBSCRIBE(self, ctx: RouteContext) -> bool:
        """Whether this is a SUBSCRIBE.

        Returns: true for a SUBSCRIBE or a reply to one.
        """
        return method_of(ctx.message) == "SUBSCRIBE"

    @function()
    def is_UPDATE(self, ctx: RouteContext) -> bool:
        """Whether this is an UPDATE.

        Returns: true for an UPDATE or a reply to one.
        """
        return method_of(ctx.message) == "UPDATE"
