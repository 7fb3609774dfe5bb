"""Kamailio's tm parameters and what they mean for the transaction layer."""

from dataclasses import dataclass

from luasip.kemi.transaction_settings import TransactionSettings
from luasip.proxy.response_context import ForkingSettings
from luasip.transaction.timers import TransactionTimers

CHANGEABLE = (
    *("fr_timer", "fr_inv_timer", "max_inv_lifetime", "max_noninv_lifetime", "wt_timer", "retr_timer1"),
    *("retr_timer2", "restart_fr_on_each_reply", "auto_inv_100", "auto_inv_100_reason", "failure_reply_mode"),
    *(
        "aggregate_challenges",
        "remap_503_500",
        "disable_6xx_block",
        "e2e_cancel_reason",
        "local_cancel_reason",
    ),
    *("default_code", "default_reason", "contacts_avp", "contact_flows_avp"),
    *("event_callback", "event_callback_lres_sent"),
)
"""Settings that may change while the server runs; they hold for new transactions."""


@dataclass
class TmSettings:
    """Parameters of tm. Times are milliseconds."""

    fr_timer: int = 30000
    """Longest wait for any response to an INVITE, and for the final one to other requests."""
    fr_inv_timer: int = 120000
    """Longest wait for the final response to an INVITE after a provisional one."""
    max_inv_lifetime: int = 180000
    """An INVITE transaction without a final response ends after this."""
    max_noninv_lifetime: int = 32000
    """The same for other requests."""
    wt_timer: int = 5000
    """How long a finished transaction stays to absorb retransmissions."""
    retr_timer1: int = 500
    """First retransmission over UDP; the interval then doubles."""
    retr_timer2: int = 4000
    """Longest interval between retransmissions."""
    restart_fr_on_each_reply: int = 1
    """1: each provisional response restarts fr_inv_timer."""
    auto_inv_100: int = 1
    """1: send 100 when an INVITE is relayed."""
    auto_inv_100_reason: str = "trying -- your call is important to us"
    """Reason phrase of that 100."""
    failure_reply_mode: int = 3
    """0: replies of earlier serial branches still count for the final choice; 1 to 3: they do not."""
    aggregate_challenges: int = 0
    """1: a 401 or 407 carries the challenges of all branches."""
    remap_503_500: int = 1
    """1: a 503 of a branch goes upstream as 500."""
    disable_6xx_block: int = 0
    """1: a 6xx does not end the other branches."""
    e2e_cancel_reason: int = 1
    """1: Reason headers of a CANCEL are carried to the CANCELs sent."""
    local_cancel_reason: int = 1
    """1: CANCELs sent because another branch answered carry a Reason."""
    default_code: int = 500
    """Status of t_reply_error when nothing is known of the error."""
    default_reason: str = "Server Internal Error"
    """Its reason phrase."""
    contacts_avp: str = ""
    """XAVP that t_load_contacts fills and t_next_contacts reads, e.g. "tm_contacts"."""
    contact_flows_avp: str = ""
    """XAVP for further flows of the same instance (RFC 5626), read by t_next_contact_flow."""
    reparse_invite: int = 1
    """Accepted for Kamailio's sake: a CANCEL is always made from the INVITE as it was sent."""
    pass_provisional_replies: int = 0
    """Accepted for Kamailio's sake."""
    event_callback: str = ""
    """Lua function called with "tm:local-request" for requests the server makes itself."""
    event_callback_lres_sent: str = ""
    """Lua function called with "tm:local-response" after each stateful reply made here."""


def layer_settings(settings: TmSettings) -> TransactionSettings:
    """The transaction layer's settings."""
    return TransactionSettings(
        timers=TransactionTimers(
            retransmit_1=settings.retr_timer1 / 1000,
            retransmit_2=settings.retr_timer2 / 1000,
            final_response=settings.fr_timer / 1000,
            final_invite_response=settings.fr_inv_timer / 1000,
            wait=settings.wt_timer / 1000,
            max_invite_lifetime=settings.max_inv_lifetime / 1000,
            max_non_invite_lifetime=settings.max_noninv_lifetime / 1000,
            restart_final_response=bool(settings.restart_fr_on_each_reply),
        ),
        forking=ForkingSettings(
            failure_reply_mode=settings.failure_reply_mode,
            aggregate_challenges=bool(settings.aggregate_challenges),
            remap_503_500=bool(settings.remap_503_500),
        ),
        auto_invite_100=bool(settings.auto_inv_100),
        trying_reason=settings.auto_inv_100_reason,
        e2e_cancel_reason=bool(settings.e2e_cancel_reason),
        add_local_cancel_reason=bool(settings.local_cancel_reason),
        disable_6xx=bool(settings.disable_6xx_block),
        local_request_callback=settings.event_callback,
        default_code=settings.default_code,
        default_reason=settings.default_reason,
    )
