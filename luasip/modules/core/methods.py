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

    @function(letters=tuple(LETTERS_OF.items()))
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

    @function(true_for="ACK")
    def is_ACK(self, ctx: RouteContext) -> bool:
        """Whether this is an ACK.

        Returns: true for an ACK or a reply to one.
        """
        return method_of(ctx.message) == "ACK"

    @function(true_for="BYE")
    def is_BYE(self, ctx: RouteContext) -> bool:
        """Whether this is a BYE.

        Returns: true for a BYE or a reply to one.
        """
        return method_of(ctx.message) == "BYE"

    @function(true_for="CANCEL")
    def is_CANCEL(self, ctx: RouteContext) -> bool:
        """Whether this is a CANCEL.

        Returns: true for a CANCEL or a reply to one.
        """
        return method_of(ctx.message) == "CANCEL"

    @function(true_for="DELETE")
    def is_DELETE(self, ctx: RouteContext) -> bool:
        """Whether this is a DELETE.

        Returns: true for a DELETE or a reply to one.
        """
        return method_of(ctx.message) == "DELETE"

    @function(true_for="GET")
    def is_GET(self, ctx: RouteContext) -> bool:
        """Whether this is a GET.

        Returns: true for a GET or a reply to one.
        """
        return method_of(ctx.message) == "GET"

    @function(true_for="INFO")
    def is_INFO(self, ctx: RouteContext) -> bool:
        """Whether this is an INFO.

        Returns: true for an INFO or a reply to one.
        """
        return method_of(ctx.message) == "INFO"

    @function(true_for="INVITE")
    def is_INVITE(self, ctx: RouteContext) -> bool:
        """Whether this is an INVITE.

        Returns: true for an INVITE or a reply to one.
        """
        return method_of(ctx.message) == "INVITE"

    @function(true_for="KDMQ")
    def is_KDMQ(self, ctx: RouteContext) -> bool:
        """Whether this is a KDMQ.

        Returns: true for a KDMQ or a reply to one.
        """
        return method_of(ctx.message) == "KDMQ"

    @function(true_for="MESSAGE")
    def is_MESSAGE(self, ctx: RouteContext) -> bool:
        """Whether this is a MESSAGE.

        Returns: true for a MESSAGE or a reply to one.
        """
        return method_of(ctx.message) == "MESSAGE"

    @function(true_for="NOTIFY")
    def is_NOTIFY(self, ctx: RouteContext) -> bool:
        """Whether this is a NOTIFY.

        Returns: true for a NOTIFY or a reply to one.
        """
        return method_of(ctx.message) == "NOTIFY"

    @function(true_for="OPTIONS")
    def is_OPTIONS(self, ctx: RouteContext) -> bool:
        """Whether this is an OPTIONS.

        Returns: true for an OPTIONS or a reply to one.
        """
        return method_of(ctx.message) == "OPTIONS"

    @function(true_for="POST")
    def is_POST(self, ctx: RouteContext) -> bool:
        """Whether this is a POST.

        Returns: true for a POST or a reply to one.
        """
        return method_of(ctx.message) == "POST"

    @function(true_for="PRACK")
    def is_PRACK(self, ctx: RouteContext) -> bool:
        """Whether this is a PRACK.

        Returns: true for a PRACK or a reply to one.
        """
        return method_of(ctx.message) == "PRACK"

    @function(true_for="PUBLISH")
    def is_PUBLISH(self, ctx: RouteContext) -> bool:
        """Whether this is a PUBLISH.

        Returns: true for a PUBLISH or a reply to one.
        """
        return method_of(ctx.message) == "PUBLISH"

    @function(true_for="PUT")
    def is_PUT(self, ctx: RouteContext) -> bool:
        """Whether this is a PUT.

        Returns: true for a PUT or a reply to one.
        """
        return method_of(ctx.message) == "PUT"

    @function(true_for="REFER")
    def is_REFER(self, ctx: RouteContext) -> bool:
        """Whether this is a REFER.

        Returns: true for a REFER or a reply to one.
        """
        return method_of(ctx.message) == "REFER"

    @function(true_for="REGISTER")
    def is_REGISTER(self, ctx: RouteContext) -> bool:
        """Whether this is a REGISTER.

        Returns: true for a REGISTER or a reply to one.
        """
        return method_of(ctx.message) == "REGISTER"

    @function(true_for="SUBSCRIBE")
    def is_SUBSCRIBE(self, ctx: RouteContext) -> bool:
        """Whether this is a SUBSCRIBE.

        Returns: true for a SUBSCRIBE or a reply to one.
        """
        return method_of(ctx.message) == "SUBSCRIBE"

    @function(true_for="UPDATE")
    def is_UPDATE(self, ctx: RouteContext) -> bool:
        """Whether this is an UPDATE.

        Returns: true for an UPDATE or a reply to one.
        """
        return method_of(ctx.message) == "UPDATE"
