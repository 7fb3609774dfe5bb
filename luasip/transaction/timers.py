"""The durations the machines use: Kamailio's tm settings, in seconds, mapped onto RFC 3261's timers A–M.

    RFC timer                                                   field                    Kamailio (ms)
    A, E, G first interval, then doubled                        retransmit_1             retr_timer1
    A, E, G longest interval                                    retransmit_2             retr_timer2
    B, F; H; 2xx without ACK; after a CANCEL                    final_response           fr_timer
    C                                                           final_invite_response    fr_inv_timer
    D, J, L, M                                                  wait                     wt_timer
    I, K                                                        t4                       -
    whole life of a transaction before its final response       max_*_lifetime           max_*_lifetime

As in Kamailio, A is limited by retr_timer2 too (the RFC lets it double without end), and D, J, L and M last
wt_timer and not 64*T1: a 2xx that is repeated later finds no transaction and is forwarded statelessly.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransactionTimers:
    """Durations in seconds; the defaults are Kamailio's."""

    retransmit_1: float = 0.5
    """T1: before the first retransmission over an unreliable transport; doubled each time."""
    retransmit_2: float = 4.0
    """T2: the longest time between two retransmissions."""
    t4: float = 5.0
    """T4: how long a message may stay in the network."""
    final_response: float = 30.0
    """Longest wait for any response to an INVITE, the final response to another request, and an ACK."""
    final_invite_response: float = 120.0
    """Longest wait for the final response to an INVITE after a provisional one (timer C)."""
    wait: float = 5.0
    """How long a completed transaction stays to absorb retransmissions."""
    max_invite_lifetime: float = 180.0
    """An INVITE without a final response is given up this long after its transaction began."""
    max_non_invite_lifetime: float = 32.0
    """The same for every other request."""
    restart_final_response: bool = True
    """Whether each provisional response restarts final_invite_response; if not, only the first and those
    from 180 on with a higher status than before do."""

    def late_trying_after(self) -> float:
        """Seconds until a client's timer E reaches T2: not before, and then always, a server that has not
        answered a non-INVITE request sends 100 (RFC 4320 §4.1)."""
        total = 0.0
        interval = self.retransmit_1
        while 0.0 < interval < self.retransmit_2:
            total += interval
            interval *= 2
        return total
